//! A Switchyard under test: its own process, on a folder of its own.

use crate::line::{Fallible, KEY};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// The running server; it is killed when this is dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts the binary on `folder` with the API key [`KEY`] and the set-up file's further lines, first what else there
    /// is to say of the key, and waits until it answers. What it printed is in `folder/log`.
    pub fn start(binary: &Path, folder: &Path, further: &str) -> Fallible<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let setup = folder.join("setup.toml");
        let data = folder.join("data");
        fs::write(
            &setup,
            format!(
                "listen = \"{address}\"\ndata = {data:?}\n\n\
                 [[api_key]]\nname = \"bench\"\nvalue = \"{KEY}\"\nscopes = [\"*\"]\n{further}"
            ),
        )?;
        let log = File::create(folder.join("log"))?;
        let child = Command::new(binary)
            .arg("--setup")
            .arg(&setup)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("{}: {error}", binary.display()))?;
        let mut server = Self { child, address };
        server.wait_until_ready().map_err(|error| format!("{error}\n{}", said(folder)))?;
        Ok(server)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`, and the wait until nothing of the process is left.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    fn wait_until_ready(&mut self) -> Fallible<()> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the server ended with {status}").into());
            }
            if healthy(self.address).unwrap_or(false) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(format!("the server did not answer within {PATIENCE:?}").into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill().ok();
    }
}

fn healthy(address: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(stream, "GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}

fn said(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}

use super::{FORM, METADATA, NAME, OWN, PORT, PRIVATE, Reach, SPELLING, Unfit, barred, check};

fn refused(rows: &[(&str, Unfit)], trusted: &[String]) {
    for (url, why) in rows {
        assert_eq!(check(url, trusted).map(|host| host.base_url), Err(*why), "{url}");
    }
}

#[test]
fn public_hosts_are_called_as_they_are_written() {
    for (url, base) in [
        ("https://api.example.com/v1", "https://api.example.com/v1"),
        ("https://api.example.com/v1/", "https://api.example.com/v1"),
        ("HTTPS://API.Example.com:8443/V1", "HTTPS://API.Example.com:8443/V1"),
        ("http://8.8.8.8:9000", "http://8.8.8.8:9000"),
        ("https://[2606:4700::1111]/v1", "https://[2606:4700::1111]/v1"),
        ("https://a.b.c.d.e.f.g.h.example.com", "https://a.b.c.d.e.f.g.h.example.com"),
        ("https://127.example.com", "https://127.example.com"),
        ("https://localhost.example.com", "https://localhost.example.com"),
    ] {
        let host = check(url, &[]).expect(url);
        assert_eq!((host.base_url.as_str(), host.reach), (base, Reach::Guarded));
    }
}

#[test]
fn what_is_no_plain_address_is_refused() {
    refused(
        &[
            ("", FORM),
            ("api.example.com/v1", FORM),
            ("ftp://api.example.com", FORM),
            ("file:///etc/passwd", FORM),
            ("https://api.example.com/\r\nhost: b", FORM),
            ("https://api.example.com/\u{0}", FORM),
            (" https://api.example.com", FORM),
            ("https://user:secret@api.example.com", FORM),
            ("https://api.example.com/a@b", FORM),
            ("https://api.example.com\\@127.0.0.1", FORM),
            ("https://api.example.com?x=1", FORM),
            ("https://api.example.com#x", FORM),
            ("https://bücher.example", FORM),
            (&format!("https://api.example.com/{}", "x".repeat(2048)), FORM),
            ("https://api.portkey.ai/v1", OWN),
            ("https://eu.API.Portkey.example/v1", OWN),
            ("https://", NAME),
            ("https:///v1", NAME),
            ("https://%31%32%37.0.0.1", NAME),
            ("https://a_b.example.com", NAME),
            ("https://api.example.com.", NAME),
            ("https://api..example.com", NAME),
            ("https://-a.example.com", NAME),
            ("https://a.b.c.d.e.f.g.h.i.example.com", NAME),
            ("https://[::1", NAME),
            ("https://[::1]x", NAME),
            ("https://[fe80::1%25eth0]", NAME),
            ("https://api.example.com:0", PORT),
            ("https://api.example.com:65536", PORT),
            ("https://api.example.com:", PORT),
            ("https://api.example.com:+80", PORT),
            ("https://api.example.com:80:80", PORT),
        ],
        &[],
    );
}

#[test]
fn private_hosts_are_refused_however_they_are_spelt() {
    for name in ["localhost", "a.localhost", "redis", "a.local", "a.localdomain", "a.internal", "a.intranet", "a.lan"]
        .into_iter()
        .chain(["a.home", "a.corp", "a.test", "a.invalid", "a.onion"])
        .chain(["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "127.9.9.9", "100.64.0.1"])
        .chain(["0.1.2.3", "224.0.0.1", "255.255.255.255", "198.18.0.1", "169.254.1.1"])
        .chain(["[::1]", "[fd12::1]", "[fe80::1]", "[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]"])
    {
        refused(&[(&format!("http://{name}/v1"), PRIVATE), (&format!("https://{name}:8080"), PRIVATE)], &[]);
    }
    for name in
        ["2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.1", "127.0.0.01", "1.2.3.4.5", "256.1.1.1"]
    {
        refused(&[(&format!("http://{name}"), SPELLING)], &[]);
    }
}

#[test]
fn a_trusted_host_may_be_private_but_never_a_metadata_service() {
    let trusted: Vec<String> =
        ["localhost", "10.0.0.5:8000", "::1", "LLM.lan", "169.254.169.254", "metadata"].map(String::from).into();
    for url in [
        "http://localhost:11434/v1",
        "http://a.localhost",
        "http://10.0.0.5:8000",
        "http://[::1]:9",
        "http://[0:0:0:0:0:0:0:1]",
        "http://llm.lan",
    ] {
        assert_eq!(check(url, &trusted).expect(url).reach, Reach::Stored, "{url}");
    }
    refused(
        &[
            ("http://10.0.0.5", PRIVATE),
            ("http://10.0.0.5:8001", PRIVATE),
            ("http://notlocalhost.test", PRIVATE),
            ("http://127.0.0.1", PRIVATE),
            ("http://169.254.169.254/latest", METADATA),
            ("http://metadata", METADATA),
            ("http://metadata.google.internal", METADATA),
            ("http://metadata.azure.com", METADATA),
            ("http://instance-data", METADATA),
            ("http://0.0.0.0", METADATA),
            ("http://[::ffff:169.254.169.254]", METADATA),
        ],
        &trusted,
    );
}

#[test]
fn an_address_is_judged_by_who_vouches_for_it() {
    for (ip, stored, guarded) in [
        ("8.8.8.8", None, None),
        ("2606:4700::1111", None, None),
        ("127.0.0.1", None, Some(PRIVATE)),
        ("10.0.0.1", None, Some(PRIVATE)),
        ("::1", None, Some(PRIVATE)),
        ("::ffff:192.168.0.1", None, Some(PRIVATE)),
        ("2001:db8::1", None, Some(PRIVATE)),
        ("2001::1", None, Some(PRIVATE)),
        ("ff02::1", None, Some(PRIVATE)),
        ("169.254.169.254", Some(METADATA), Some(METADATA)),
        ("169.254.170.2", Some(METADATA), Some(METADATA)),
        ("100.100.100.200", Some(METADATA), Some(METADATA)),
        ("fd00:ec2::254", Some(METADATA), Some(METADATA)),
        ("64:ff9b::a9fe:a9fe", Some(METADATA), Some(METADATA)),
    ] {
        let ip = ip.parse().expect(ip);
        assert_eq!((barred(ip, Reach::Stored), barred(ip, Reach::Guarded)), (stored, guarded), "{ip}");
    }
}

-- Calls that ended well, though not at the first try: few of all, and a chart counts them (src/store/opinions.rs).

CREATE INDEX calls_rescued ON calls (workspace, id, at, retries, mode, target, status)
WHERE status BETWEEN 1 AND 399
  AND (retries > 0
       OR (mode = 'fallback' AND (instr(target, '[') > 0 AND substr(target, instr(target, '[') + 1, 2) <> '0]')));

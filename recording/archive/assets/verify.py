#!/usr/bin/env python3
# Checks a sealed part (FILE.asice) or a part's directory; needs openssl.
# python3 verify.py FILE.asice|DIRECTORY [ca.pem]
import base64, hashlib, json, os, re, subprocess, sys, tempfile, zipfile

H = lambda b: hashlib.sha256(b).digest()
b64 = base64.b64decode
FILE = re.compile(r'<asic:DataObjectReference URI="([^"]+)"[^>]*>.*<ds:DigestValue>([^<]+)</ds:DigestValue>')

def need(holds, why):
    if not holds:
        sys.exit("not whole: " + why)

# Runs openssl beside some files; what it wrote (or the file to take), None if it failed.
def openssl(*args, take=None, **files):
    with tempfile.TemporaryDirectory() as d:
        for name, data in files.items():
            open(os.path.join(d, name), "wb").write(data)
        run = subprocess.run(["openssl", *args], cwd=d, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if run.returncode:
            return None
        return open(os.path.join(d, take), "rb").read() if take else run.stdout

def sha256(f):
    h = hashlib.sha256()
    while block := f.read(1 << 20):
        h.update(block)
    return h.digest()

# The container: every file is in the list, and the list is sealed.
def container(path, roots):
    z = zipfile.ZipFile(path)
    names = z.namelist()
    need(names[0] == "mimetype" and z.read("mimetype") == b"application/vnd.etsi.asic-e+zip", "mimetype")
    need(all(i.compress_type == zipfile.ZIP_STORED for i in z.infolist()), "compressed")
    listed, own, signers = [], ["mimetype"], []
    for n in ("001", "002") if "META-INF/signature002.p7s" in names else ("001",):  # the node's seal, the court's over it
        pair = [f"META-INF/ASiCManifest{n}.xml", f"META-INF/signature{n}.p7s"]
        manifest, seal = map(z.read, pair)
        trust = ["-cades", "-CAfile", roots, "-no-CApath", "-no-CAstore"] if roots else ["-noverify"]
        signers.append(openssl("cms", "-verify", "-binary", "-inform", "DER", "-in", "seal", "-content", "manifest",
                               "-purpose", "any", "-signer", "signer", *trust, seal=seal, manifest=manifest, take="signer"))
        need(signers[-1], f"seal {n}")
        more = FILE.findall(manifest.decode())
        need(more[:len(listed)] == listed and [name for name, _ in more[len(listed):]] == own[1:] or not listed, f"list {n}")
        listed, own = more, own + pair
    own += [n for n in names if re.fullmatch(r"META-INF/(ASiCArchiveManifest\d*\.xml|timestamp\d+\.tst)", n)]
    need(sorted(names) == sorted({n for n, _ in listed} | set(own)), "foreign or missing files")
    for n in names:  # what archive timestamps cover; the tokens themselves are for openssl ts
        if re.fullmatch(r"META-INF/ASiCArchiveManifest\d*\.xml", n):
            listed = listed + FILE.findall(z.read(n).decode())
    for name, digest in listed:
        with z.open(name) as f:
            need(sha256(f) == b64(digest), f"{name} changed")
    return {n: z.getinfo(n).file_size for n in names if n.startswith("media/")}, z.open, signers[0]

def directory(path):
    media = os.path.join(path, "media")
    sizes = {"media/" + n: os.path.getsize(os.path.join(media, n)) for n in os.listdir(media)}
    return sizes, lambda name: open(os.path.join(path, name), "rb"), None

def ed25519(pub, text, sig):
    return openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", "key", "-in", "text", "-sigfile", "sig",
                   key=bytes.fromhex("302a300506032b6570032100") + pub, text=text, sig=sig) is not None

# A Merkle tree is its full subtrees, largest first: (leaves, hash).
def add(tree, leaf):
    size = 1
    while tree and tree[-1][0] == size:
        leaf, size = H(b"\1" + tree.pop()[1] + leaf), size * 2
    tree.append((size, leaf))

def root(tree):
    out = tree[-1][1]
    for _, left in reversed(tree[:-1]):
        out = H(b"\1" + left + out)
    return out

path, roots = sys.argv[1], os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
sizes, read, signer = directory(path) if os.path.isdir(path) else container(path, roots)
raw = read("log.jsonl").read()
need(raw.endswith(b"\n"), "torn log")
lines = raw[:-1].split(b"\n")
rows = [json.loads(l) for l in lines]
about = rows[0]
notes = read("checkpoints.txt").read().decode().split("\n\n")[:-1]
notes = [(a + "\n", b) for a, b in zip(notes[::2], notes[1::2])]
prev, key, last, n, ends, media, closed, nodes = "0" * 64, None, None, 0, {}, {}, set(), set()
tree, strands = [], {}  # of all lines, and of those about one thing
origin = f"phientoa/{about['node']}/hearing/{about['hearing']}/part/{about['part']:04d}"
for i, (line, row) in enumerate(zip(lines, rows)):
    need(row["i"] == i and row["prev"] == prev and (row["k"] == "genesis") == (i == 0), f"chain at line {i}")
    if row["k"] == "end" and "strands" in row:
        have = [{"of": of, "lines": sum(size for size, _ in t), "root": root(t).hex()} for of, t in sorted(strands.items())]
        need(row["strands"] == have, f"strands at line {i}")
    prev = H(line).hex()
    add(tree, H(b"\0" + line))
    of = {"event": "events", "loose": f"{row.get('track')}/loose"}.get(row["k"], row.get("track"))
    if of and row["k"] in ("event", "loose", "track-open", "track-close", "seg", "gap", "recovered"):
        add(strands.setdefault(of, []), H(b"\0" + line))
    if row["k"] == "key":
        text = "phientoa hearing key v1\n" + "".join(f"{row[m] or '-'}\n" for m in ("origin", "epoch", "pub", "prev_pub", "last"))
        pem = openssl("x509", "-inform", "DER", "-in", "cert", cert=b64(row["cert"])) or b""
        pub = openssl("x509", "-pubkey", "-noout", "-in", "cert", cert=pem) or b""
        nodes.add(pub)
        need(openssl("dgst", "-sha256", "-verify", "pem", "-signature", "sig", "text", pem=pub, sig=b64(row["sig"]), text=text.encode()) is not None
             and row["origin"] == origin, f"key at line {i}")
        need(not roots or openssl("verify", "-attime", str(about["t"] // 1000000), "-CAfile", roots, "-no-CApath", "-no-CAstore", "cert", cert=pem) is not None,
             f"node at line {i}")
        if row["prev_pub"]:
            need(b64(row["prev_pub"]) == key and ed25519(key, text.encode(), b64(row["prev_sig"])), f"key chain at line {i}")
            need(not row["last"] or row["last"] == H(last.encode()).hex(), f"last at line {i}")
        key = b64(row["pub"])
    if row["k"] in ("seg", "recovered") and "offset" in row:
        need(row["offset"] == ends.get(row["file"], 0) and row["file"] not in closed, f"order at line {i}")
        f = media[row["file"]] = media.get(row["file"]) or read(row["file"])
        need(H(f.read(row["length"])).hex() == row["sha256"], f"media at line {i}")
        ends[row["file"]] = row["offset"] + row["length"]
    if row["k"] == "track-close" and "file" in row:  # ended there by a fault; what stands behind is no evidence
        need(row["length"] == ends.setdefault(row["file"], 0), f"end of a file at line {i}")
        closed.add(row["file"])
    while n < len(notes) and int(notes[n][0].split("\n")[1]) == i + 1:
        text, sig = notes[n]
        name, size, said, when, before = text.rstrip("\n").split("\n")
        blob = b64(sig.split(" ")[2])
        need(name == origin and b64(said) == root(tree), f"root of {size} lines")
        need(before == "previous " + (base64.b64encode(H(last.encode())).decode() if last else "-"), f"note of {size} lines")
        need(ed25519(key, text.encode(), blob[4:]), f"signature of {size} lines")
        last, n = text, n + 1
need(n == len(notes) and n > 0 and int(last.split("\n")[1]) == len(lines), "lines without checkpoint")
need(any(r["k"] == "end" for r in rows), "no end")
for name, size in sizes.items():
    need(size == ends.get(name) or (name in closed and size > ends[name]), f"uncovered bytes in {name}")
if signer:  # who sealed is who recorded, and the description says what the log says
    need(openssl("x509", "-pubkey", "-noout", "-in", "cert", cert=signer) in nodes, "sealed by another key than the log's")
    said = json.loads(read("session.json").read())
    before = about["previous"] and {m: about["previous"][m] for m in ("part", "size", "root")}
    need(said == {"format": 1, "origin": origin, "began_t": about["t"], "ended_t": rows[-1]["t"], "lines": len(rows), "root": root(tree).hex(),
                  "previous": before, **{m: about[m] for m in ("hearing", "node", "part", "epoch", "session")}}, "session.json")
print("whole" if roots else "whole; signer unknown")

#!/usr/bin/env python3
# Checks a sealed part (FILE.asice) or a part's directory; needs openssl.
# python3 verify.py FILE.asice|DIRECTORY [ca.pem]
import base64, hashlib, json, os, re, subprocess, sys, tempfile, zipfile

H = lambda b: hashlib.sha256(b).digest()
b64 = base64.b64decode

def openssl(*args, **files):
    with tempfile.TemporaryDirectory() as d:
        for name, data in files.items():
            open(os.path.join(d, name), "wb").write(data)
        return subprocess.run(["openssl", *args], cwd=d, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

def sha256(f):
    h = hashlib.sha256()
    while block := f.read(1 << 20):
        h.update(block)
    return h.digest()

# The container: every file is in the list, and the list is sealed.
def container(path, roots):
    z = zipfile.ZipFile(path)
    names = z.namelist()
    assert names[0] == "mimetype" and z.read("mimetype") == b"application/vnd.etsi.asic-e+zip", "mimetype"
    assert all(i.compress_type == zipfile.ZIP_STORED for i in z.infolist()), "compressed"
    manifest, seal = z.read("META-INF/ASiCManifest001.xml"), z.read("META-INF/signature001.p7s")
    trust = ["-cades", "-CAfile", roots, "-no-CApath", "-no-CAstore"] if roots else ["-noverify"]
    assert openssl("cms", "-verify", "-binary", "-inform", "DER", "-in", "seal", "-content", "manifest",
                   "-purpose", "any", *trust, seal=seal, manifest=manifest), "seal"
    listed = re.findall(r'<asic:DataObjectReference URI="([^"]+)">.*<ds:DigestValue>([^<]+)</ds:DigestValue>', manifest.decode())
    for name, digest in listed:
        with z.open(name) as f:
            assert sha256(f) == b64(digest), f"{name} changed"
    own = ["mimetype", "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s"]
    assert sorted(names) == sorted([n for n, _ in listed] + own), "foreign or missing files"
    return {n: z.getinfo(n).file_size for n in names if n.startswith("media/")}, z.open

def directory(path):
    media = os.path.join(path, "media")
    sizes = {"media/" + n: os.path.getsize(os.path.join(media, n)) for n in os.listdir(media)}
    return sizes, lambda name: open(os.path.join(path, name), "rb")

def ed25519(pub, text, sig):
    return openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", "key", "-in", "text", "-sigfile", "sig",
                   key=bytes.fromhex("302a300506032b6570032100") + pub, text=text, sig=sig)

tree = []  # full subtrees of the Merkle tree, largest first: (leaves, hash)
def add(leaf):
    size = 1
    while tree and tree[-1][0] == size:
        leaf, size = H(b"\1" + tree.pop()[1] + leaf), size * 2
    tree.append((size, leaf))

def root():
    out = tree[-1][1]
    for _, left in reversed(tree[:-1]):
        out = H(b"\1" + left + out)
    return out

path, roots = sys.argv[1], os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
sizes, read = directory(path) if os.path.isdir(path) else container(path, roots)
raw = read("log.jsonl").read()
assert raw.endswith(b"\n"), "torn log"
lines = raw[:-1].split(b"\n")
rows = [json.loads(l) for l in lines]
notes = read("checkpoints.txt").read().decode().split("\n\n")[:-1]
notes = [(a + "\n", b) for a, b in zip(notes[::2], notes[1::2])]
prev, key, origin, last, n, ends, media = "0" * 64, None, None, None, 0, {}, {}
for i, (line, row) in enumerate(zip(lines, rows)):
    assert row["i"] == i and row["prev"] == prev, f"chain at line {i}"
    prev = H(line).hex()
    add(H(b"\0" + line))
    if row["k"] == "key":
        text = "phientoa hearing key v1\n" + "".join(f"{row[m] or '-'}\n" for m in ("origin", "epoch", "pub", "prev_pub", "last"))
        pem = subprocess.run(["openssl", "x509", "-inform", "DER"], input=b64(row["cert"]), capture_output=True).stdout
        pub = subprocess.run(["openssl", "x509", "-pubkey", "-noout"], input=pem, capture_output=True).stdout
        assert openssl("dgst", "-sha256", "-verify", "pem", "-signature", "sig", "text", pem=pub, sig=b64(row["sig"]), text=text.encode()), f"key at line {i}"
        began = str(rows[0]["t"] // 1000000)
        assert not roots or openssl("verify", "-attime", began, "-CAfile", roots, "-no-CApath", "-no-CAstore", "cert", cert=pem), f"node at line {i}"
        if row["prev_pub"]:
            assert b64(row["prev_pub"]) == key and ed25519(key, text.encode(), b64(row["prev_sig"])), f"key chain at line {i}"
            assert not row["last"] or row["last"] == H(last.encode()).hex(), f"last at line {i}"
        key, origin = b64(row["pub"]), row["origin"]
    if row["k"] in ("seg", "recovered") and "offset" in row:
        assert row["offset"] == ends.get(row["file"], 0), f"order at line {i}"
        f = media[row["file"]] = media.get(row["file"]) or read(row["file"])
        assert H(f.read(row["length"])).hex() == row["sha256"], f"media at line {i}"
        ends[row["file"]] = row["offset"] + row["length"]
    while n < len(notes) and int(notes[n][0].split("\n")[1]) == i + 1:
        text, sig = notes[n]
        name, size, said, when, before = text.rstrip("\n").split("\n")
        blob = b64(sig.split(" ")[2])
        assert name == origin and b64(said) == root(), f"root of {size} lines"
        assert before == "previous " + (base64.b64encode(H(last.encode())).decode() if last else "-"), f"note of {size} lines"
        assert ed25519(key, text.encode(), blob[4:]), f"signature of {size} lines"
        last, n = text, n + 1
assert n == len(notes) and int(last.split("\n")[1]) == len(lines), "lines without checkpoint"
assert any(r["k"] == "end" for r in rows), "no end"
for name, size in sizes.items():
    assert size == ends.get(name), f"uncovered bytes in {name}"
print("whole" if roots else "whole; signer unknown")

#!/usr/bin/env python3
# Checks one part of a hearing's evidence, from docs/archive-format.md alone.
import base64, hashlib, json, os, subprocess, sys, tempfile
part = sys.argv[1]
H = lambda b: hashlib.sha256(b).digest()
b64 = base64.b64decode

def openssl(*args, **files):
    with tempfile.TemporaryDirectory() as d:
        for name, data in files.items():
            open(os.path.join(d, name), "wb").write(data)
        return subprocess.run(["openssl", *args], cwd=d, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

def ed25519(pub, text, sig):
    return openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", "key", "-in", "text", "-sigfile", "sig",
                   key=bytes.fromhex("302a300506032b6570032100") + pub, text=text, sig=sig)

def root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return H(b"\1" + root(leaves[:k]) + root(leaves[k:]))

raw = open(part + "/log.jsonl", "rb").read()
assert raw.endswith(b"\n"), "torn log"
lines = raw[:-1].split(b"\n")
rows = [json.loads(l) for l in lines]
notes = open(part + "/checkpoints.txt").read().split("\n\n")[:-1]
notes = [(a + "\n", b) for a, b in zip(notes[::2], notes[1::2])]
prev, key, origin, last, n, ends = "0" * 64, None, None, None, 0, {}
for i, (line, row) in enumerate(zip(lines, rows)):
    assert row["i"] == i and row["prev"] == prev, f"chain at line {i}"
    prev = H(line).hex()
    if row["k"] == "key":
        text = "phientoa hearing key v1\n" + "".join(f"{row[m] or '-'}\n" for m in ("origin", "epoch", "pub", "prev_pub", "last"))
        pem = subprocess.run(["openssl", "x509", "-inform", "DER", "-pubkey", "-noout"], input=b64(row["cert"]), capture_output=True).stdout
        assert openssl("dgst", "-sha256", "-verify", "pem", "-signature", "sig", "text", pem=pem, sig=b64(row["sig"]), text=text.encode()), f"key at line {i}"
        if row["prev_pub"]:
            assert b64(row["prev_pub"]) == key and ed25519(key, text.encode(), b64(row["prev_sig"])), f"key chain at line {i}"
            assert not row["last"] or row["last"] == H(last.encode()).hex(), f"last at line {i}"
        key, origin = b64(row["pub"]), row["origin"]
    if row["k"] in ("seg", "recovered") and "offset" in row:
        assert row["offset"] == ends.get(row["file"], 0), f"order at line {i}"
        with open(os.path.join(part, row["file"]), "rb") as f:
            f.seek(row["offset"])
            assert H(f.read(row["length"])).hex() == row["sha256"], f"media at line {i}"
        ends[row["file"]] = row["offset"] + row["length"]
    while n < len(notes) and int(notes[n][0].split("\n")[1]) == i + 1:
        text, sig = notes[n]
        name, size, tree, when, before = text.rstrip("\n").split("\n")
        blob = b64(sig.split(" ")[2])
        assert name == origin and b64(tree) == root([H(b"\0" + l) for l in lines[:i + 1]]), f"root of {size} lines"
        assert before == "previous " + (base64.b64encode(H(last.encode())).decode() if last else "-"), f"note of {size} lines"
        assert ed25519(key, text.encode(), blob[4:]), f"signature of {size} lines"
        last, n = text, n + 1
assert n == len(notes) and int(last.split("\n")[1]) == len(lines), "lines without checkpoint"
assert any(r["k"] == "end" for r in rows), "no end"
for name in os.listdir(part + "/media"):
    assert os.path.getsize(f"{part}/media/{name}") == ends.get("media/" + name), f"uncovered bytes in {name}"
print("whole")

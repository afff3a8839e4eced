"""Bytes to text: transfer encodings, charsets, encoded words (RFC 2045, 2047, 2231), and texts that lie about theirs.

Nothing here raises on any input: what cannot be decoded becomes U+FFFD, what is cut short is decoded as far as it goes.
"""

from __future__ import annotations

import binascii
import codecs
from functools import lru_cache

#: Names seen in mail that Python does not know, or knows as a subset of what senders mean by them.
_ALIASES = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "cp936": "gb18030",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "ascii",
    "x-sjis": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "cp-850": "cp850",
    "unicode-1-1-utf-7": "utf-7",
    "utf8": "utf-8",
    "utf-8n": "utf-8",
    "ks_c_5601-1987": "cp949",
    "unknown-8bit": "ascii",
    "8bit": "ascii",
    "x-unknown": "ascii",
    "big5": "big5hkscs",
    "x-mac-roman": "mac_roman",
    "cp1252": "cp1252",
}


#: Codecs of Python that are no charset of mail: they raise what they like, or take more than linear time.
_NO_CHARSETS = frozenset(("idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape"))


@lru_cache(maxsize=256)
def codec_name(charset: str) -> str | None:
    """Return Python's codec for a charset label of any spelling; None where there is none."""
    label = charset.strip().strip("\"'").lower().partition("*")[0]
    label = _ALIASES.get(label, label)
    try:
        info = codecs.lookup(label)
    except (LookupError, ValueError):
        return None
    is_text = info._is_text_encoding  # noqa: SLF001 - Python tells rot13 from charsets nowhere else
    return info.name if is_text and info.name not in _NO_CHARSETS else None


def decode_bytes(raw: bytes, charset: str | None = None) -> str:
    """Return ``raw`` as text in ``charset``; where that is absent, unknown or wrong, in the likeliest one."""
    if raw.isascii() and b"\x1b" not in raw and (charset is None or charset.lower() != "utf-7"):
        return raw.decode("ascii")
    codec = codec_name(charset) if charset else None
    if codec and codec not in ("ascii", "cp1252"):
        try:
            text = raw.decode(codec)
        except UnicodeDecodeError:
            return guess_charset(raw, codec)
        # UTF-7 can hold half a character, which no encoding takes.
        return text if codec != "utf-7" else text.encode("utf-8", "replace").decode()
    return guess_charset(raw, codec)


def guess_charset(raw: bytes, declared: str | None = None) -> str:
    """Return the text of 8-bit ``raw``: UTF-8 if it is, else what its bytes look like, else the declared codec.

    Chinese is recognised by pairs of high bytes that make common characters (GB 18030, Big5), Japanese by its escapes.
    """
    if b"\x1b$" in raw and raw.isascii():
        return raw.decode("iso2022_jp_ext", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if declared and declared not in ("ascii", "cp1252", "utf-8"):
        return raw.decode(declared, "replace")
    if _mostly_valid_utf8(raw):
        return raw.decode("utf-8", "replace")
    guessed = _best_chinese(raw) or _best_cyrillic(raw)
    return guessed if guessed is not None else raw.decode("cp1252", "replace")


def _mostly_valid_utf8(raw: bytes) -> bool:
    """Tell whether ``raw`` is UTF-8 but for a cut or a few broken places."""
    sample = raw[:4_000]
    high = sum(1 for byte in sample if byte >= 0x80)
    broken = sample.decode("utf-8", "replace").count("\ufffd")
    return broken * 6 < high


def _best_chinese(raw: bytes) -> str | None:
    """Return ``raw`` as GB 18030 or Big5 where nearly all its high bytes form common ideographs; else None."""
    best: tuple[float, str] | None = None
    for codec in ("gb18030", "big5hkscs"):
        text = raw[:20_000].decode(codec, "replace")
        foreign = [char for char in text if char >= "\x80"]
        if not foreign:
            continue
        common = sum(1 for char in foreign if char in _COMMON_HAN) * 2
        plain = sum(
            1
            for char in foreign
            if "\u4e00" <= char <= "\u9fa5" or "\u3000" <= char <= "\u3020" or "\uff00" <= char <= "\uff5e"
        )
        score = (common + plain) / (2 * len(foreign)) - text.count("\ufffd") / len(foreign)
        if plain * 10 >= len(foreign) * 8 and common and (best is None or score > best[0]):
            best = score, raw.decode(codec, "replace")
    return best[1] if best else None


def _best_cyrillic(raw: bytes) -> str | None:
    """Return ``raw`` as windows-1251 or KOI8-R where most of its letters are beyond ASCII; else None.

    Of the two the one that gives more small letters: what is small in one is capital in the other.
    """
    sample = raw[:4_000]
    high = sum(byte >= 0xC0 for byte in sample)
    if high * 2 < sum(bytes((byte,)).isalpha() for byte in sample) + high:
        return None
    codec = max(
        ("cp1251", "koi8-r"), key=lambda name: sum("а" <= char <= "я" for char in sample.decode(name, "replace"))
    )
    return raw.decode(codec, "replace")


#: Characters that failure texts in Chinese consist of, simplified and traditional.
_COMMON_HAN = frozenset(
    "的是不在了有您你我他件人收发發送信箱邮郵投递遞失败敗退回地址用户戶無无存满滿空间間已被拒绝絕系统統服务務器错誤误"
    "请請登录錄密码碼授权權使用其原因为為此时時超过過限制小大名域找到连連接频頻率内容垃圾病毒检檢查未能法对對方主机機"
    "或者与與后後再试試稍重新联聯系管理员員该該帐帳账号號停禁止正确確设設置验驗证證下列以及可以来來自中文件夹"
)


def unescape_octal(text: str) -> str:
    r"""Return ``text`` with bytes that were written as ``\312\325`` (Exim) decoded; text without them as it is."""
    if "\\2" not in text and "\\3" not in text:
        return text
    out: list[str] = []
    run = bytearray()
    first, *pieces = text.split("\\")
    out.append(first)
    for piece in pieces:
        digits = piece[:3]
        if len(digits) == 3 and digits[0] in "23" and all("0" <= digit <= "7" for digit in digits):
            run.append(int(digits, 8))
            if len(piece) > 3:
                out += [decode_bytes(bytes(run)), piece[3:]]
                run.clear()
        else:
            out += [decode_bytes(bytes(run)), "\\", piece]
            run.clear()
    return "".join([*out, decode_bytes(bytes(run))])


def narrow_punctuation(text: str) -> str:
    """Return ``text`` with the wide colon, semicolon and brackets of East Asian type as ASCII ones."""
    if text.isascii() or not any(char in text for char in "：；（）"):
        return text
    return text.translate(_NARROW)


_NARROW = str.maketrans({"：": ": ", "；": "; ", "（": "(", "）": ")"})


def decode_transfer(raw: bytes, encoding: str) -> bytes:
    """Return the body with its Content-Transfer-Encoding undone; unknown encodings leave it as it is."""
    if encoding == "quoted-printable":
        return binascii.a2b_qp(raw)
    if encoding == "base64":
        return decode_base64(raw)
    if encoding in ("x-uuencode", "uuencode", "x-uue"):
        return _decode_uu(raw)
    return raw


def decode_base64(raw: bytes) -> bytes:
    """Return base64 decoded leniently: rubbish skipped, a cut end decoded as far as it goes."""
    try:
        return binascii.a2b_base64(raw)
    except binascii.Error:
        clean = raw.translate(None, _NOT_BASE64)
        # One character alone (six bits) holds no octet; two or three do, once padded.
        usable = len(clean) - (len(clean) % 4 == 1)
        return binascii.a2b_base64(clean[:usable] + b"==")


_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))


def _decode_uu(raw: bytes) -> bytes:
    decoded = []
    for line in raw.split(b"\n"):
        if line.startswith((b"begin ", b"end")) or not line:
            continue
        try:
            decoded.append(binascii.a2b_uu(line))
        except binascii.Error:
            continue
    return b"".join(decoded)


def lower_in_place(text: str) -> str:
    """Return ``text`` in lower case with every character at its place: "İ" alone would become two."""
    return (text.replace("\u0130", "i") if "\u0130" in text else text).lower()


def decode_header(value: str) -> str:
    """Return a header value with its encoded words (RFC 2047) decoded, wherever they stand.

    Neighbouring words in one charset are joined before decoding, since senders split characters between them.
    """
    if "=?" not in value:
        return value
    out: list[str] = []
    pending: tuple[str, bytes] | None = None
    place = 0
    while True:
        word = _next_encoded_word(value, place)
        if word is None:
            break
        begin, end, charset, raw = word
        gap = value[place:begin]
        if pending is not None and pending[0] == charset and not gap.strip():
            pending = charset, pending[1] + raw
        else:
            if pending is not None:
                out.append(decode_bytes(pending[1], pending[0]))
            if gap.strip() or pending is None:
                out.append(gap)
            pending = charset, raw
        place = end
    if pending is not None:
        out.append(decode_bytes(pending[1], pending[0]))
    out.append(value[place:])
    return "".join(out)


#: Octets of an encoded word; RFC 2047 2 allows 75, whole subjects in one word of some hundred are common.
LONGEST_WORD = 4_000


def _next_encoded_word(value: str, place: int) -> tuple[int, int, str, bytes] | None:
    """Return (begin, end, charset, bytes) of the next well-formed encoded word at or after ``place``."""
    begin = value.find("=?", place)
    while begin >= 0:
        after_charset = value.find("?", begin + 2, begin + 80)
        if after_charset > 0 and value[after_charset + 2 : after_charset + 3] == "?":
            method = value[after_charset + 1].lower()
            end = value.find("?=", after_charset + 3, begin + LONGEST_WORD)
            if end >= 0 and method in "bq":
                body = value[after_charset + 3 : end].encode("latin-1", "replace")
                raw = decode_base64(body) if method == "b" else binascii.a2b_qp(body, header=True)
                return begin, end + 2, value[begin + 2 : after_charset], raw
        begin = value.find("=?", begin + 2)
    return None

#!/usr/bin/env python3
"""Writes the bulletins of the theatre from the facts below, in the XML schema JMA uses today.

usage: Templates/theatre/write.py        writes them anew beside itself; what is committed is what this writes
Facts and where they come from: README.md of each folder. Seconds are ours wherever JMA published minutes.
"""
from datetime import datetime, timedelta
from pathlib import Path

HERE = Path(__file__).parent
KINDS = {"大津波警報": "52", "大津波警報：発表": "53", "津波警報": "51", "津波注意報": "62", "津波注意報解除": "60", "津波なし": "00"}
WIDE = str.maketrans("0123456789.", "０１２３４５６７８９．")
HEAD = 'xmlns="http://xml.kishou.go.jp/jmaxml1/" xmlns:jmx="http://xml.kishou.go.jp/jmaxml1/"'
BODY = 'xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/" xmlns:jmx_eb="http://xml.kishou.go.jp/jmaxml1/elementBasis1/"'


def report(at, event, serial, control, head, info, headline, body):
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S")
    return f'''<?xml version="1.0" encoding="UTF-8"?>
<Report {HEAD}>
<Control>
<Title>{control}</Title>
<DateTime>{(at - timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M:%SZ")}</DateTime>
<Status>通常</Status>
<EditorialOffice>気象庁本庁</EditorialOffice>
<PublishingOffice>気象庁</PublishingOffice>
</Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/">
<Title>{head}</Title>
<ReportDateTime>{stamp}+09:00</ReportDateTime>
<TargetDateTime>{stamp}+09:00</TargetDateTime>
<EventID>{event}</EventID>
<InfoType>発表</InfoType>
<Serial>{serial}</Serial>
<InfoKind>{info}</InfoKind>
<InfoKindVersion>1.0_1</InfoKindVersion>
<Headline>
{headline}
</Headline>
</Head>
<Body {BODY}>
{body}
</Body>
</Report>
'''


def areas(kind, code_type, items):
    name, code = kind
    code = f"<Code>{code}</Code>" if code else ""
    rows = "\n".join(f"<Area><Name>{n}</Name><Code>{c}</Code></Area>" for n, c in items)
    return f'<Item>\n<Kind><Name>{name}</Name>{code}</Kind>\n<Areas codeType="{code_type}">\n{rows}\n</Areas>\n</Item>'


def place(where, code, coordinate, words):
    return (f"<Hypocenter>\n<Area>\n<Name>{where}</Name>\n<Code type=\"震央地名\">{code}</Code>\n"
            f'<jmx_eb:Coordinate description="{words}">{coordinate}</jmx_eb:Coordinate>\n</Area>\n</Hypocenter>')


def eew(at, event, origin, where, prefectures, regions):
    """A warning: where it shakes, and no magnitude, as JMA's warnings say none to people."""
    kind = ("緊急地震速報（警報）", "31")
    headline = "\n".join([
        f"<Text>{where[0]}で地震　強い揺れに警戒</Text>",
        '<Information type="緊急地震速報（府県予報区）">\n' + areas(kind, "緊急地震速報／府県予報区", prefectures) + "\n</Information>",
        '<Information type="緊急地震速報（細分区域）">\n' + areas(kind, "地震情報／細分区域", [r[:2] for r in regions]) + "\n</Information>"])
    prefs = "\n".join(
        f"<Pref>\n<Name>{p[0]}</Name>\n<Code>{p[1]}</Code>\n<Area>\n<Name>{n}</Name>\n<Code>{c}</Code>\n"
        "<Category><Kind><Name>緊急地震速報（警報）</Name><Code>10</Code></Kind></Category>\n"
        f"<ForecastInt><From>{low}</From><To>over</To></ForecastInt>\n</Area>\n</Pref>"
        for n, c, low, p in regions)
    body = (f"<Earthquake>\n<OriginTime>{origin.strftime('%Y-%m-%dT%H:%M:%S')}+09:00</OriginTime>\n"
            f"<ArrivalTime>{origin.strftime('%Y-%m-%dT%H:%M:%S')}+09:00</ArrivalTime>\n" + place(*where) +
            '\n<jmx_eb:Magnitude type="Mj" condition="不明" description="Ｍ不明">NaN</jmx_eb:Magnitude>\n</Earthquake>\n'
            "<Intensity>\n<Forecast>\n<CodeDefine>\n<Type xpath=\"Pref/Code\">緊急地震速報／府県予報区</Type>\n"
            "<Type xpath=\"Pref/Area/Code\">地震情報／細分区域</Type>\n<Type xpath=\"Pref/Area/Category/Kind/Code\">緊急地震速報</Type>\n</CodeDefine>\n"
            f"<ForecastInt><From>{regions[0][2]}</From><To>over</To></ForecastInt>\n{prefs}\n</Forecast>\n</Intensity>\n"
            '<Comments>\n<WarningComment codeType="固定付加文">\n<Text>強い揺れに警戒してください。</Text>\n<Code>0201</Code>\n</WarningComment>\n</Comments>')
    return "VXSE43", report(at, event, 1, "緊急地震速報（警報）", "緊急地震速報（警報）", "緊急地震速報", headline, body)


WORDS = {"7": "震度７", "6+": "震度６強", "6-": "震度６弱", "5+": "震度５強", "5-": "震度５弱", "4": "震度４", "3": "震度３"}


def intensity(at, event, felt, found):
    """`found`: (intensity, prefecture, its code, region, its code), the gravest first."""
    when = felt.strftime("%d日%H時%M分").translate(WIDE)
    items = "\n".join(areas((WORDS[i], None), "地震情報／細分区域", [(region, code)]) for i, _, _, region, code in found)
    headline = f'<Text>{when}ころ、地震による強い揺れを感じました。震度３以上が観測された地域をお知らせします。</Text>\n<Information type="震度速報">\n{items}\n</Information>'
    prefs = "\n".join(f"<Pref>\n<Name>{p}</Name><Code>{pc}</Code><MaxInt>{i}</MaxInt>\n<Area><Name>{r}</Name><Code>{c}</Code><MaxInt>{i}</MaxInt></Area>\n</Pref>"
                      for i, p, pc, r, c in found)
    body = ('<Intensity>\n<Observation>\n<CodeDefine>\n<Type xpath="Pref/Code">地震情報／都道府県等</Type>\n<Type xpath="Pref/Area/Code">地震情報／細分区域</Type>\n</CodeDefine>\n'
            f"<MaxInt>{found[0][0]}</MaxInt>\n{prefs}\n</Observation>\n</Intensity>\n"
            '<Comments>\n<ForecastComment codeType="固定付加文">\n<Text>今後の情報に注意してください。</Text>\n<Code>0217</Code>\n</ForecastComment>\n</Comments>')
    return "VXSE51", report(at, event, "", "震度速報", "震度速報", "震度速報", headline, body)


def tsunami(at, event, title, text, items):
    """`items`: (area, code, kind, kind before, height or None)."""
    grave = "\n".join(areas((kind.split("：")[0], KINDS[kind.split("：")[0]]), "津波予報区", [(n, c)]) for n, c, kind, _, _ in items)
    rows = "\n".join(
        f"<Item>\n<Area><Name>{n}</Name><Code>{c}</Code></Area>\n<Category>\n<Kind><Name>{k}</Name><Code>{KINDS[k]}</Code></Kind>\n"
        f"<LastKind><Name>{b}</Name><Code>{KINDS[b]}</Code></LastKind>\n</Category>\n" + (
            f'<MaxHeight><jmx_eb:TsunamiHeight type="津波の高さ" unit="m" description="{str(h).translate(WIDE)}ｍ{more}">{h}</jmx_eb:TsunamiHeight></MaxHeight>\n' if h else "") + "</Item>"
        for n, c, k, b, h, more in [(*i[:4], *(i[4] if isinstance(i[4], tuple) else (i[4], ""))) for i in items])
    body = ('<Tsunami>\n<Forecast>\n<CodeDefine>\n<Type xpath="Item/Area/Code">津波予報区</Type>\n<Type xpath="Item/Category/Kind/Code">警報等情報要素／津波警報・注意報・予報</Type>\n'
            '<Type xpath="Item/Category/LastKind/Code">警報等情報要素／津波警報・注意報・予報</Type>\n</CodeDefine>\n' + rows + "\n</Forecast>\n</Tsunami>")
    headline = f'<Text>{text}</Text>\n<Information type="津波予報領域表現">\n{grave}\n</Information>'
    return "VTSE41", report(at, event, "", "津波警報・注意報・予報a", title, "津波警報・注意報・予報", headline, body)


def day(text):
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S")


def write(name, bulletins, before=()):
    """`before`: bulletins that lie elsewhere and come first."""
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.xml"):
        old.unlink()
    for file in before:
        (folder / file.name).write_text(file.read_text())
    for number, (at, make, *rest) in enumerate(bulletins, len(before) + 1):
        kind, text = make(day(at), *rest)
        (folder / f"{number:02}_{day(at).strftime('%Y%m%d%H%M%S')}_{kind}.xml").write_text(text)


LEAVE = "ただちに避難してください。"
MIYAGI, IWATE, FUKUSHIMA = ("宮城県", "220"), ("岩手県", "210"), ("福島県", "250")
write("tohoku-2011", [
    ("2011-03-11 15:14:00", tsunami, "20110311144640", "大津波警報・津波警報・津波注意報", f"大津波警報を更新しました。\n{LEAVE}", [
        (*MIYAGI, "大津波警報", "大津波警報", (10, "以上")), (*IWATE, "大津波警報", "大津波警報", 6), (*FUKUSHIMA, "大津波警報", "大津波警報", 6)]),
], before=sorted((HERE.parent / "demo").glob("*.xml")))

KUMAMOTO = ("熊本県熊本地方", "741", "+32.7+130.8-10000/", "北緯３２．７度　東経１３０．８度　深さ　１０ｋｍ")
PREF, REGION = ("熊本", "9430"), ("熊本県熊本", "741")


def kumamoto(event, warned, felt, seen, low, found):
    return [(warned, eew, event, day(felt), KUMAMOTO, [PREF], [(*REGION, low, PREF)]), (seen, intensity, event, day(felt), [(found, "熊本県", "43", *REGION)])]


ARIAKE = ("有明・八代海", "712")
write("kumamoto-2016", kumamoto("20160414212634", "2016-04-14 21:26:45", "2016-04-14 21:26:00", "2016-04-14 21:28:00", "5-", "7")
      + kumamoto("20160415000346", "2016-04-15 00:03:55", "2016-04-15 00:03:00", "2016-04-15 00:05:00", "5-", "6+")
      + kumamoto("20160416012505", "2016-04-16 01:25:15", "2016-04-16 01:25:00", "2016-04-16 01:26:30", "5-", "6+")
      + [("2016-04-16 01:27:00", tsunami, "20160416012505", "津波注意報", "津波注意報を発表しました。", [(*ARIAKE, "津波注意報", "津波なし", 1)]),
         ("2016-04-16 02:14:00", tsunami, "20160416012505", "津波注意報解除", "津波注意報を解除しました。", [(*ARIAKE, "津波注意報解除", "津波注意報", None)])])

IBARAKI = ("茨城県沖", "471", "+36.0+140.8-40000/", "北緯３６．０度　東経１４０．８度　深さ　４０ｋｍ")
# The highest in the south of 茨城県; of the other prefectures named that day one region each, which is ours.
WARNED = [("茨城県南部", "301", "5+", ("茨城", "9080")), ("茨城県北部", "300", "4", ("茨城", "9080")), ("福島県浜通り", "251", "4", ("福島", "9070")),
          ("栃木県南部", "311", "4", ("栃木", "9090")), ("群馬県南部", "321", "4", ("群馬", "9100")), ("埼玉県南部", "331", "4", ("埼玉", "9110")),
          ("千葉県北東部", "340", "4", ("千葉", "9120")), ("東京都２３区", "350", "4", ("東京", "9131")), ("神奈川県東部", "360", "4", ("神奈川", "9140"))]
write("double-quake-2018", [
    ("2018-01-05 11:02:46", eew, "20180105110220", day("2018-01-05 11:02:26"), IBARAKI, list(dict.fromkeys(place for *_, place in WARNED)), WARNED),
    ("2018-01-05 11:04:00", intensity, "20180105110220", day("2018-01-05 11:02:00"), [("3", "茨城県", "08", "茨城県南部", "301")]),
])

NOTO, SEA = ("石川県能登", "390"), ("石川県能登", "360")
NOTO_AT = ("石川県能登地方", "390", "+37.5+137.2-10000/", "北緯３７．５度　東経１３７．２度　深さ　１０ｋｍ")
EVENT = "20240101161010"
write("noto-2024", [
    ("2024-01-01 16:10:20", eew, EVENT, day("2024-01-01 16:10:00"), NOTO_AT, [("石川", "9170")], [(*NOTO, "5+", ("石川", "9170"))]),
    ("2024-01-01 16:12:00", intensity, EVENT, day("2024-01-01 16:10:00"), [("6+", "石川県", "17", *NOTO)]),
    ("2024-01-01 16:12:30", tsunami, EVENT, "津波警報・津波注意報", f"津波警報を発表しました。\n{LEAVE}", [(*SEA, "津波警報", "津波なし", 3)]),
    ("2024-01-01 16:22:00", tsunami, EVENT, "大津波警報・津波警報・津波注意報", f"大津波警報を発表しました。\n{LEAVE}", [(*SEA, "大津波警報：発表", "津波警報", 5)]),
    ("2024-01-01 20:30:00", tsunami, EVENT, "津波警報・津波注意報", "大津波警報を津波警報に切り替えました。", [(*SEA, "津波警報", "大津波警報", 3)]),
    ("2024-01-02 01:15:00", tsunami, EVENT, "津波注意報", "津波警報を津波注意報に切り替えました。", [(*SEA, "津波注意報", "津波警報", 1)]),
    ("2024-01-02 10:00:00", tsunami, EVENT, "津波注意報解除", "津波注意報を解除しました。", [(*SEA, "津波注意報解除", "津波注意報", None)]),
])

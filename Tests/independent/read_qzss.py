#!/usr/bin/env python3
"""A second reading of 災危通報, to compare the program's with: nbtk/azarashi (MIT, PyPI), reshaped to our keys.

    read_qzss.py FILE...                 one JSON object a sentence
    read_qzss.py --against READ FILE     compare with READ, the output of `noroshi read FILE`; exit 1 on a difference

Needs `pip install azarashi`; says so and leaves with 0 when it is not there.
"""
import datetime
import json
import sys

try:
    import azarashi
except ImportError:
    print("azarashi is not installed: nothing compared", file=sys.stderr)
    sys.exit(0)

KIND = {1: "eew", 2: "earthquake", 3: "earthquake", 4: "nankai", 5: "tsunami", 6: "tsunami", 8: "volcano", 9: "ashfall",
        10: "weather", 11: "flood", 12: "typhoon", 14: "weather"}
INTENSITY = {1: "4未満", 2: "4", 3: "5-", 4: "5+", 5: "6-", 6: "6+", 7: "7"}
CAMF = {"Test": "test", None: "system"}



def dcr(r):
    number = r["disaster_category_no"]
    areas = [name for name in r.get("eew_forecast_regions", [])]
    areas += r.get("tsunami_forecast_regions", []) + r.get("prefectures", []) + r.get("weather_forecast_regions", [])
    codes = [str(c).zfill(12) for c in r.get("flood_forecast_regions_raw", [])]
    codes += [str(c).zfill(7) for c in r.get("local_governments_raw", [])]
    line = {
        "kind": KIND[number], "status": "exercise" if r["report_classification_no"] == 7 else "actual",
        "message": ["alert", "update", "cancel"][r["information_type_no"]],
        "reported": r["report_time"].strftime("%m-%dT%H:%M"),
        "names": areas, "codes": codes,
        "values": [INTENSITY[v] for v in r.get("seismic_intensities_raw", [])] + r.get("tsunami_heights", []),
    }
    kinds = [r[key] for key in ("tsunami_warning_code", "volcanic_warning_code") if key in r]
    for key in ("weather_related_disaster_sub_categories", "flood_warning_levels", "marine_warning_codes",
                "ash_fall_warning_codes"):
        kinds += r.get(key, [])
    line["kinds"] = [kind for kind in kinds if not kind.startswith("その他")]
    line["words"] = [r[key] for key in ("central_pressure", "maximum_wind_speed", "maximum_gust_wind_speed",
                                        "seismic_intensity_lower_limit", "typhoon_number") if r.get(key)]
    moment = r.get("occurrence_time_of_earthquake")
    if moment:
        line["target"] = moment.timestamp()
    sentences = [text for text in r.get("notifications_on_disaster_prevention", []) if not text.startswith("その他")]
    if sentences:
        line["headline"] = "\n".join(sentences)
    if "seismic_epicenter" in r:
        line["hypocentre"] = [r["seismic_epicenter"], r["depth_of_hypocenter"], r["magnitude"], r.get("assumptive", False)]
    return line


def dcx(r):
    null = r["dcx_message_type"] == "Null Message"
    line = {"status": "system" if null else CAMF.get(r.get("a1_message_type"), "actual"), "names": [], "ellipse": None}
    if not null:
        line["headline"] = {"指示なし": None}.get(r.get("a11_japanese_library_ja"), r.get("a11_japanese_library_ja"))
        line["names"] = ([r["ex1_target_area_ja"]] if r.get("ex1_target_area_ja") else []) + r.get("ex9_target_area_list_ja", [])
        if r.get("a12_ellipse_centre_latitude") is not None:
            line["ellipse"] = [r["a12_ellipse_centre_latitude"], r["a13_ellipse_centre_longitude"]]
    return line


def theirs(path):
    for sentence in open(path, encoding="utf-8"):
        if sentence.startswith("$QZQSM"):
            r = azarashi.decode(sentence.strip(), "nmea").get_params()
            yield dcr(r) if r["message_type"] == "DCR" else dcx(r)


def narrow(text):
    return text and text.translate(str.maketrans("（）０１２３４５６７８９", "()0123456789"))


def differs(ours, other):
    """The keys that say something else, in words both sides can be brought to."""
    # JMA's tables have full-width brackets where the specification has narrow ones.
    wrong = [key for key in ("status", "headline")
             if key in other and narrow(ours.get(key)) != narrow(other[key])]
    if "kind" in other and other["kind"] != ours["kind"] and other["kind"] != "weather":
        wrong.append("kind")
    if "reported" in other:
        # Theirs is UTC, ours Japan's; the drill was in the middle of the day, so the date is the same.
        day, time = ours["reported"][5:16].split("T")
        hour = int(time[:2]) - 9
        if f"{day}T{hour:02}{time[2:]}" != other["reported"]:
            wrong.append("reported")
    names = [narrow(a.get("name")) or "" for a in ours["areas"]]
    for name in other["names"]:
        if not any(name == n or name.endswith(n) or n.endswith(name) for n in names if n):
            wrong.append(f"area {name}")
    codes = [a["code"] for a in ours["areas"]]
    wrong += [f"code {code}" for code in other.get("codes", []) if code not in codes]
    if other.get("values") and [a.get("value") for a in ours["areas"]] != other["values"]:
        wrong.append("values")
    for kind in other.get("kinds", []):
        if other["names"] + other["codes"] and narrow(kind) not in [narrow(a.get("kind_name")) for a in ours["areas"]]:
            wrong.append(f"kind {kind}")
    wrong += [f"word {word}" for word in other.get("words", []) if word not in (ours.get("text") or "")]
    if "target" in other:
        seconds = datetime.datetime.fromisoformat(ours["target"]).timestamp()
        # They take this year, ours the latest that is past: whole days between are the year's.
        if (seconds - other["target"]) % 86400:
            wrong.append("target")
    if "hypocentre" in other:
        h = ours["hypocentre"]
        depth = f"{h['depth_km']:g}km" if "depth_km" in h else other["hypocentre"][1]
        if [h["name"], depth, h["magnitude_text"], h["assumed"]] != other["hypocentre"]:
            wrong.append("hypocentre")
    if other.get("ellipse"):
        corners = [tuple(map(float, c.split(","))) for c in ours["areas"][0]["code"].split(" ") if "," in c]
        inner = corners[:-1] if len(corners) > 1 else corners
        centre = [sum(c[i] for c in inner) / len(inner) for i in (0, 1)]
        # The refined centre lies within one step of the coarse one.
        if any(abs(a - b) > 0.02 for a, b in zip(centre, other["ellipse"])):
            wrong.append(f"ellipse {centre} {other['ellipse']}")
    return wrong


def main(arguments):
    if arguments[:1] != ["--against"]:
        for path in arguments:
            for line in theirs(path):
                print(json.dumps(line, ensure_ascii=False))
        return 0
    ours = [json.loads(line) for line in open(arguments[1], encoding="utf-8")]
    others = list(theirs(arguments[2]))
    bad = 0 if len(ours) == len(others) else 1
    for number, (mine, other) in enumerate(zip(ours, others), 1):
        for key in differs(mine, other):
            bad += 1
            print(f"{number}: {key}")
    print(f"{len(ours)} and {len(others)} sentences, {bad} differences")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""Write Bundled.swift from JMA's code tables.

    generate.py FOLDER > Bundled.swift

FOLDER holds `jma-2026-07/*.csv` (JMA's 個別コード表 and 地震火山関連コード表 as header-less CSV),
`municipality-to-jma-areas.csv` and `localgovjp-utf8.csv`. Run it when JMA publishes a new edition, read the
difference, commit it. The tables are one string literal: as an embedded resource (an array of 345,000 numbers) the
same octets take the compiler more than two minutes, as a literal no time one could see. The format is described in `CodeTables+Reading.swift`.

What no table of JMA says, and where it comes from here:
* 細分区域 to EEW 府県予報区: the prefecture, and for the five prefectures that are split the lists below
  (気象庁「緊急地震速報で用いる区域の名称」).
* municipality to 津波予報区: only candidates, the areas of the prefecture.
"""
import csv
import os
import sys

EDITION = "2026-07-07"
LEVELS_FROM = "2026-05-28"  # 警戒レベル in the names of warnings

# EEW 府県予報区 of 細分区域 where a prefecture has several.
SPLIT_EEW = {
    "9011": "100 101 102 115 116 117 120 121 122",                      # 道央: 石狩 後志 空知
    "9012": "105 106 107 110 119 145 146 150 151 152",                  # 道南: 渡島 檜山 奥尻 胆振 日高
    "9013": "125 126 127 130 131 135 136 139",                          # 道北: 上川 留萌 宗谷 利尻礼文
    "9014": "140 141 142 155 156 157 160 161 165 166 167",              # 道東: 網走 北見 紋別 十勝 釧路 根室
    "9131": "350 351 352",
    "9132": "354 355 356 357 358",
    "9133": "359",
    "9461": "770 771 774 775 776 777",
    "9462": "778 779",
    "9471": "800 801 802",
    "9472": "803",
    "9473": "804",
    "9474": "805 806 807",
}
# EEW 地方予報区 of 府県予報区, where the prefecture number does not say it.
EEW_REGION_OF = {"9132": "9932", "9133": "9933", "9462": "9952"}
EEW_REGIONS = [(1, "9910"), (7, "9920"), (14, "9931"), (18, "9934"), (20, "9935"), (24, "9936"), (30, "9941"),
               (35, "9942"), (39, "9943"), (46, "9951"), (47, "9960")]
# 津波予報区 of prefectures that AreaTsunami names in no 結合表現 and not by their own name.
TSUNAMI_OF = {
    "01": "100 101 102 110 111 120",
    "13": "312 320 321",
    "47": "800 801 802",
}
# Areas of weather bulletins above the 一次細分区域, in no table of rows: made of which 一次細分 (by their names).
COMPOSED = {
    "014000": "014010 014020 014030",
    "016100": "016010 016020",
    "020100": "020010 020020",
    "020200": "020020 020030",
    "030100": "030020 030030",
    "070100": "070010 070020",
    "130100": "130020 130030",
    "200100": "200020 200030",
    "420100": "420010 420020 420040",
    "460000": "460010 460020 460030 460040",
}
# 北方領土: villages with a code and a name; JMA's tables have only 色丹村.
NORTHERN = {"01696": "泊村", "01697": "留夜別村", "01698": "留別村", "01699": "紗那村", "01700": "蘂取村"}
# Not municipalities: islands under no office, a branch office of Tokyo.
NO_TOWN = {"016900", "134007"}


def rows(folder, name):
    with open(os.path.join(folder, "jma-2026-07", name), encoding="utf-8-sig", newline="") as file:
        return [[cell.strip().replace("\u3000\u3000", "").rstrip("\u3000") for cell in row]
                for row in csv.reader(file) if row]


def table(name, entries):
    print(f"@table {name}")
    for entry in entries:
        print("\t".join(entry))


def unique(codes):
    return list(dict.fromkeys(code for code in codes if code))


def check_digit(jis):
    return str((11 - sum(int(d) * w for d, w in zip(jis, (6, 5, 4, 3, 2))) % 11) % 10)


def eew_prefecture(seismic, prefecture):
    for code, areas in SPLIT_EEW.items():
        if seismic in areas.split():
            return code
    return f"9{prefecture}0"


def eew_region(code):
    number = int(code[1:3])
    return EEW_REGION_OF.get(code) or next(region for last, region in EEW_REGIONS if number <= last)


def tsunami_areas(areas, prefecture, name):
    if prefecture in TSUNAMI_OF:
        return TSUNAMI_OF[prefecture].split()
    for code, area, _, note in areas:
        if area == name and "構成する津波予報区" in note:
            return note.split("構成する津波予報区")[1].rstrip("）").split(",")
    return [code for code, area, _, note in areas if area == name and note.startswith("津波予報区")]


def weather_kinds(folder):
    """Old names and, from the day of the new format, the names with levels; zeros that the CSV lost come back."""
    for code, name, *_ in rows(folder, "WeatherWarning.csv"):
        if not name:
            continue
        old, _, new = name.partition("　又は")
        if not new and old.startswith("レベル"):
            old, new = "", old
        if old:
            yield [code.zfill(2), old]
        if new:
            yield [code.zfill(2), new, LEVELS_FROM]


def town_rows(folder):
    with open(os.path.join(folder, "municipality-to-jma-areas.csv"), encoding="utf-8-sig", newline="") as file:
        pieces = list(csv.DictReader(file))
    with open(os.path.join(folder, "localgovjp-utf8.csv"), encoding="utf-8-sig", newline="") as file:
        listed = {row["lgcode"]: row for row in csv.DictReader(file)}
    upper = {row[0]: row for row in rows(folder, "AreaForecastLocalM_WarningTable.csv")}
    tornado = {row[0]: row for row in rows(folder, "AreaForecastLocalM_TornadoTable.csv")}
    seismic_of = {}
    for row in rows(folder, "AreaForecastLocalE_AreaInformationCity_PointSeismicIntensity.csv"):
        seismic_of.setdefault(row[3], [])
        if row[0] not in seismic_of[row[3]]:
            seismic_of[row[3]].append(row[0])
    kana = {row[0]: row[3] or row[14] for row in rows(folder, "AreaInformationCity.csv")}
    prefectures = dict(row[:2] for row in rows(folder, "AreaInformationPrefectureEarthquake.csv"))
    tsunami = rows(folder, "AreaTsunami.csv")

    towns = {}
    for piece in pieces:
        if piece["lgcode6"] in NO_TOWN:
            continue
        town = towns.setdefault(piece["lgcode6"], {"pieces": [], "long": piece["long_name"]})
        town["pieces"].append(piece)
    for code, town in towns.items():
        prefecture = prefectures[code[:2]]
        row = listed.get(code)
        name = row["city"].replace(" ", "") if row else town["long"].removeprefix(prefecture).replace("のうち", "")
        town.update(name=name, prefecture=prefecture, ward="のうち" in town["long"],
                    kana=(row["citykana"].replace(" ", "") if row else kana[town["pieces"][0]["jma_city7"]]))
    # 浜松市 appears in localgovjp with a ward's spelling of its own; a ward belongs to the city its name begins with.
    cities = {town["name"]: code for code, town in towns.items() if not town["ward"]}
    for code, town in towns.items():
        own = [piece["jma_city7"] for piece in town["pieces"]]
        parent = next((cities[town["name"][:end]] for end in range(len(town["name"]) - 1, 1, -1)
                       if town["ward"] and town["name"][:end] in cities
                       and cities[town["name"][:end]][:2] == code[:2]), "")
        town.update(own=own, parent=parent)
    for code, town in towns.items():
        wards = [ward for ward in towns.values() if ward["parent"] == code]
        family = [town] + wards + ([towns[town["parent"]]] if town["parent"] else [])
        cities_ = unique(c for member in family for c in member["own"])
        forecast_pieces = [piece for member in family for piece in member["pieces"]]
        seismic = unique(area for member in [town] + wards for c in member["own"] for area in seismic_of.get(c, []))
        matome = unique(piece["matome_code"] for piece in forecast_pieces)
        forecast = unique(matome + [upper[c][2] for c in matome] + [tornado[c][2] for c in matome if c in tornado]
                          + [upper[c][4] for c in matome] + [tornado[c][4] for c in matome if c in tornado])
        forecast += [whole for whole, parts in COMPOSED.items() if set(parts.split()) & set(forecast)]
        # Villages without a seismometer get the EEW area of their prefecture.
        eew = unique(eew_prefecture(area, code[:2]) for area in seismic or [""])
        if not seismic and code.startswith("01"):
            eew = ["9014"]  # 色丹村
        eew = unique(eew + [eew_region(c) for c in eew])
        coast = tsunami_areas(tsunami, code[:2], town["prefecture"])
        if code.startswith("13"):
            coast = ["320"] if "9132" in eew else ["321"] if "9133" in eew else ["312"]
        yield [code, town["name"], town["prefecture"], town["kana"], town["parent"], " ".join(cities_),
               " ".join(seismic), " ".join(forecast), " ".join(eew), " ".join(coast)]
    print("@table lg")
    for number, prefecture in sorted(prefectures.items()):
        print(f"{number}000{check_digit(number + '000')}\t{prefecture}")
    for jis, name in NORTHERN.items():
        print(f"{jis}{check_digit(jis)}\t{name}")
    for code, row in listed.items():
        if code not in towns:
            print(f"{code}\t{row['city'].replace(' ', '')}")


def main(folder):
    def names(file, width=0, name=1):
        return [[row[0].zfill(width), row[name]] for row in rows(folder, file) if row[0] and row[name]]

    print("// swift-format-ignore-file")
    print("/// The tables that come with the program.")
    print("enum Bundled {")
    print('    static let tables: StaticString = #"""')
    print("# Codes of JMA bulletins and of municipalities. Written by generate.py; do not edit, add an overlay file.")
    print("# 出典：気象庁ホームページ（個別コード表、地震火山関連コード表 2026-07-07）を加工して作成。公共データ利用規約（第1.0版）")
    print("# Header-less CSV by ingen084/jma-code-dictionary (MIT). 全国地方公共団体コード: code4fukui/localgovjp 2026-07-09 (CC0).")
    print(f"@edition {EDITION}")
    table("jma-city", [[row[0], next(name for name in (row[2], row[13], row[15], row[17], row[1]) if name)]
                       for row in rows(folder, "AreaInformationCity.csv")])
    seismic = {row[0]: row[1] for row in rows(
        folder, "AreaForecastLocalE_AreaInformationCity_PointSeismicIntensity.csv")}
    table("jma-seismic", [list(entry) for entry in sorted(seismic.items())])
    table("jma-forecast", names("AreaForecastLocalM.csv"))
    table("jma-eew", names("AreaForecastLocalEEW.csv") + names("AreaForecastEEW.csv"))
    table("jma-tsunami", names("AreaTsunami.csv"))
    table("jma-river", names("AreaRiver.csv", name=2) + names("AreaFloodForecast.csv"))
    table("jma-volcano", names("PointVolcano.csv"))
    table("全国・地方予報区等", [[row[3].zfill(6), row[1]] for row in rows(folder, "AreaForecast.csv") if row[3]])
    table("地方海上予報区", names("AreaMarineJ.csv"))
    table("海上予報区", names("AreaMarineA.csv"))
    table("震央地名", names("AreaEpicenter.csv"))
    table("震央地名（詳細）", names("AreaEpicenterDetail.csv"))
    table("都道府県", names("AreaInformationPrefectureEarthquake.csv"))
    table("津波観測点", names("PointTsunami.csv"))
    table("weather", list(weather_kinds(folder)))
    table("tsunami", names("TsunamiWarning.csv", 2))
    table("volcano", names("VolcanicWarning.csv", 2))
    table("eew-warning", names("EarthquakeWarning.csv", 2))
    table("eew-forecast", names("EarthquakeForecast.csv", 2))
    table("landslide", names("SoilWarning.csv"))
    table("tornado", names("HazardousWindWatch.csv"))
    table("heavy-rain-record", names("HazardousRain.csv"))
    table("marine", names("MarineWarning.csv", 2))
    table("significancy", names("Significancy.csv", 2))
    table("nankai", names("EarthquakeInformation.csv"))
    table("comment", names("AdditionalCommentEarthquake.csv", 4))
    towns = list(town_rows(folder))
    table("town", towns)
    print('"""#')
    print("}")


if __name__ == "__main__":
    main(sys.argv[1])

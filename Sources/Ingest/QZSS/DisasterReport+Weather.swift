/// Volcano, ash fall, weather, flood, typhoon, sea.
import AlertModel
import Codes
import FoundationEssentials

extension DisasterReport {
    /// Category 8.
    mutating func readVolcano() {
        let code = message.field(69, 7)
        let kindCode = code == 127 ? nil : "\(code)"
        let kindName = code == 127 ? "その他の防災気象情報要素" : tables.kindName(.volcano, "\(code)", at: announced)
        if kindName == nil { unknown("噴火警報", code) }
        addVolcano(message.field(76, 12), kindCode, kindName)
        for offset in stride(from: 88, to: 88 + 5 * 23, by: 23) where message.field(offset, 23) != 0 {
            var area = place(.jmaCity, message.field(offset, 23), width: 7)
            (area.kindCode, area.kindName) = (kindCode, kindName)
            add(area)
        }
        readActivityTime()
    }

    private mutating func addVolcano(_ number: Int, _ kindCode: String?, _ kindName: String?) {
        var area = place(.jmaVolcano, number, width: 3)
        (area.kindCode, area.kindName) = (kindCode, kindName)
        bulletin.headline = [area.name, kindName].compactMap(\.self).joined(separator: "　")
        add(area)
    }

    /// An eruption's time may be known to the hour or the day only (Du, 3 bits at 50); beyond that it is left out.
    private mutating func readActivityTime() {
        let ambiguity = message.field(50, 3)
        guard ambiguity <= 5, message.field(53, 5) != 0 else { return }
        let hour = ambiguity <= 4 ? message.field(58, 5) : 0, minute = ambiguity <= 3 ? message.field(63, 6) : 0
        guard let time = QZSSTimes.nearest(day: message.field(53, 5), hour: hour, minute: minute, to: announced) else { return }
        bulletin.target = QZSSTimes.japanese(time)
    }

    /// Category 9: up to four municipalities, each with hours from the activity and an amount.
    mutating func readAshFall() {
        let type = message.field(69, 2)
        let kind: (String, String)? = [1: ("07", "降灰予報（速報）"), 2: ("08", "降灰予報（詳細）")][type]
        if kind == nil { unknown("降灰予報", type) }
        addVolcano(message.field(71, 12), kind?.0, kind?.1)
        bulletin.target = moment(at: 53).flatMap(QZSSTimes.japanese)
        for offset in stride(from: 83, to: 83 + 4 * 29, by: 29) where message.field(offset, 29) != 0 {
            let hours = message.field(offset, 3), amount = message.field(offset + 3, 3)
            var area = place(.jmaCity, message.field(offset + 6, 23), width: 7)
            area.kindCode = QZSSWords.ashAmounts[amount]
            area.kindName = area.kindCode.flatMap { tables.kindName(.volcano, $0, at: announced) }
            if amount == 7 { area.kindName = "その他の防災気象情報要素" } else if area.kindName == nil { unknown("降灰", amount) }
            if (1...6).contains(hours) { area.value = "\(hours)時間以内" } else { unknown("降灰の時間", hours) }
            add(area)
        }
    }

    /// Category 10: special warnings (特別警報), record rain, tornado, landslide; up to six.
    mutating func readWeather() {
        let state = word([1: "発表", 2: "解除"], message.field(53, 3), "発表状況")
        var kinds: Set<AlertKind> = []
        for offset in stride(from: 56, to: 56 + 6 * 24, by: 24) where message.field(offset, 24) != 0 {
            let code = message.field(offset, 5)
            var area = place(.jmaForecast, message.field(offset + 5, 19), width: 6)
            area.status = state
            if let known = QZSSWords.weatherKinds[code] {
                (area.kindCode, area.kindName) = (known.code, known.name)
                kinds.insert(known.kind)
            } else {
                unknown("警報等情報要素", code)
            }
            add(area)
            say([area.name ?? area.code, area.kindName, state].compactMap(\.self).joined(separator: "　"))
        }
        if kinds.count == 1, let kind = kinds.first { bulletin.kind = kind }
    }

    /// Category 11: up to three 予報区域 of rivers.
    mutating func readFlood() {
        for offset in stride(from: 53, to: 53 + 3 * 44, by: 44) where message.field(offset, 44) != 0 {
            let level = message.field(offset, 4)
            var area = place(.jmaRiver, message.field(offset + 4, 40), width: 12)
            // JMA's kind codes 30 and 40 where they are sure; the words always.
            area.kindCode = [2: "30", 3: "40"][level]
            area.kindName = word(QZSSWords.floodLevels, level, "洪水の警戒レベル")
            area.status = level == 1 ? "解除" : "発表"
            add(area)
            say([area.name ?? area.code, area.kindName].compactMap(\.self).joined(separator: "　"))
        }
    }

    /// Category 12: one position of one typhoon.
    mutating func readTyphoon() {
        let number = message.field(87, 7)
        let phase = word([1: "実況", 2: "推定", 3: "予報"], message.field(69, 3), "基点時刻分類")
        add(AreaStatement(scheme: .other, code: "\(number)", name: "台風第\(number)号", kindName: phase, codeType: "台風番号"))
        bulletin.event = "qzss-typhoon-\(number)"
        bulletin.target = moment(at: 53).flatMap(QZSSTimes.japanese)
        let hours = message.field(80, 7)
        say("台風第\(number)号　\(phase ?? "")" + (hours > 0 ? "　\(hours)時間後" : ""))
        say(word([0: "なし", 1: "大型", 2: "超大型", 15: "その他"], message.field(94, 4), "大きさ階級").map { "大きさ: \($0)" })
        say(word([0: "なし", 1: "強い", 2: "非常に強い", 3: "猛烈な", 15: "その他"], message.field(98, 4), "強さ階級")
            .map { "強さ: \($0)" })
        say(position(at: 102).map { position in
            "中心: \(position.latitude < 0 ? "南緯" : "北緯")\(tenth(position.latitude))度 "
                + "\(position.longitude < 0 ? "西経" : "東経")\(tenth(position.longitude))度"
        })
        let pressure = message.field(143, 11), wind = message.field(154, 7), gust = message.field(161, 7)
        if pressure <= 1_100 { say("中心気圧: \(pressure)hPa") } else { unknown("中心気圧", pressure) }
        for (name, speed) in [("最大風速", wind), ("最大瞬間風速", gust)] {
            switch speed {
            case 0: say("\(name): 不明")
            case 15...105: say("\(name): \(speed)m/s")
            default: unknown(name, speed)
            }
        }
    }

    private func tenth(_ degrees: Double) -> String {
        let tenths = Int((abs(degrees) * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    /// Category 14: up to eight 地方海上予報区.
    mutating func readMarine() {
        for offset in stride(from: 53, to: 53 + 8 * 19, by: 19) where message.field(offset, 19) != 0 {
            let code = message.field(offset, 5)
            var area = place(.other, codeType: "地方海上予報区", message.field(offset + 5, 14), width: 4)
            area.kindCode = code < 10 ? "0\(code)" : "\(code)"
            area.kindName = tables.kindName(.marine, "\(code)", at: announced) ?? (code == 31 ? "その他の海上警報" : nil)
            if area.kindName == nil { unknown("海上警報", code) }
            area.status = code == 0 ? "解除" : "発表"
            add(area)
        }
    }
}

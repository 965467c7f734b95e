/// Tsunami on Japan's coasts and in the northwest Pacific.
import AlertModel
import Codes
import FoundationEssentials

extension DisasterReport {
    /// Category 5: one kind for up to five 津波予報区.
    mutating func readTsunami() {
        readNotifications(at: 53)
        let warning = message.field(80, 4)
        let kind = QZSSWords.tsunamiKinds[warning]
        if kind == nil, warning != 15 { unknown("津波警報", warning) }
        let kindName = kind.flatMap { tables.kindName(.tsunami, $0, at: announced) } ?? (warning == 15 ? "その他の警報" : nil)
        for offset in stride(from: 84, to: 84 + 5 * 26, by: 26) where message.field(offset, 26) != 0 {
            var area = place(.jmaTsunami, message.field(offset + 16, 10), width: 3)
            area.kindCode = kind
            area.kindName = kindName
            area.value = word(QZSSWords.tsunamiHeights, message.field(offset + 12, 4), "津波の高さ")
            (area.arrival, area.status) = arrivalWords(at: offset)
            say("\(area.name ?? area.code): " + [area.value, arrival(at: offset)].compactMap(\.self).joined(separator: "、"))
            add(area)
        }
    }

    /// As JMA's own bulletins have them: ArrivalTime and Condition.
    private func arrivalWords(at offset: Int) -> (time: String?, condition: String?) {
        let later = message.field(offset, 1), hour = message.field(offset + 1, 5), minute = message.field(offset + 6, 6)
        switch (hour, minute) {
        case (31, 63): return (nil, "津波到達中と推測")
        case (30, 62): return (nil, nil)
        default:
            let time = QZSSTimes.time(hour: hour, minute: minute, daysLater: later, than: announced)
            return (time.flatMap { QZSSTimes.japanese($0)?.text }, nil)
        }
    }

    /// A bit for tomorrow, hour and minute; 31:63 and 30:62 are words (Table 4.1.2-21).
    private func arrival(at offset: Int) -> String? {
        let later = message.field(offset, 1), hour = message.field(offset + 1, 5), minute = message.field(offset + 6, 6)
        switch (hour, minute) {
        case (31, 63): return "津波到達中と推測"
        case (30, 62): return nil
        default:
            return QZSSTimes.time(hour: hour, minute: minute, daysLater: later, than: announced)
                .map { "到達予想\(QZSSTimes.words($0))" }
        }
    }

    /// Category 6, 北西太平洋津波情報: coasts abroad, in English as the specification has them.
    mutating func readNorthwestPacificTsunami() {
        bulletin.headline = word(QZSSWords.tsunamigenicPotential, message.field(53, 3), "津波発生の可能性")
        for offset in stride(from: 56, to: 56 + 5 * 28, by: 28) where message.field(offset, 28) != 0 {
            let coast = message.field(offset + 21, 7)
            var area = AreaStatement(
                scheme: .other, code: "\(coast)", name: QZSSCoasts.names[coast], codeType: "北西太平洋津波情報の沿岸")
            if area.name == nil { unknown("北西太平洋津波情報の沿岸", coast) }
            area.value = word(QZSSWords.pacificHeights, message.field(offset + 12, 9), "津波の高さ")
            say("\(area.name ?? area.code): " + [area.value, arrival(at: offset)].compactMap(\.self).joined(separator: "、"))
            add(area)
        }
    }
}

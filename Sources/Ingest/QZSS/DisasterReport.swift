/// DC Report (災危通報, message type 43): JMA's warnings, pressed into 212 bits.
///
/// Every code in it is one of JMA's own (震央地名, 津波予報区, 市町村 …), so the tables are those of the XML bulletins.
/// What the specification calls その他 (other) is known and named so; any other value that is in no table is kept
/// and listed in `unknownCodes`.
import AlertModel
import Codes
import FoundationEssentials

struct DisasterReport {
    let message: QZSSMessage
    let tables: CodeTables
    let announced: Date
    var bulletin: Bulletin
    /// What becomes the bulletin's text, a fact a line.
    private var facts: [String] = []

    /// IS-QZSS-DCR-017 Table 4.1.2-3.
    private static let categories: [Int: (title: String, kind: AlertKind)] = [
        1: ("緊急地震速報", .eew), 2: ("震源", .earthquake), 3: ("震度", .earthquake), 4: ("南海トラフ地震", .nankai),
        5: ("津波", .tsunami), 6: ("北西太平洋津波", .tsunami), 8: ("火山", .volcano), 9: ("降灰", .ashfall),
        10: ("気象", .weather), 11: ("洪水", .flood), 12: ("台風", .typhoon), 14: ("海上", .weather),
    ]

    init(_ message: QZSSMessage, receipt: QZSSReceipt, tables: CodeTables) throws(Refusal) {
        let version = message.field(214, 6)
        guard version == 1 else { throw Refusal("災危通報の版が\(version)です。知っているのは版1です (version 1 is known)") }
        let category = message.field(17, 4)
        guard let known = Self.categories[category] else { throw Refusal("災害の区分\(category)は定義がありません (category not defined)") }
        guard let dating = receipt.dating(
            month: message.field(21, 4), day: message.field(25, 5), hour: message.field(30, 5),
            minute: message.field(35, 6))
        else { throw Refusal("発表時刻が日時ではありません (the time of announcement is no time)") }

        self.message = message
        self.tables = tables
        announced = dating.announced
        let classification = message.field(14, 3)
        // Class 7 is 訓練/試験, both in one: it must look like a drill. Others than 1, 2, 3 are not defined.
        let status: BulletinStatus = switch classification {
        case 1...3: .actual
        case 7: .exercise
        default: throw Refusal("通報の区分\(classification)は定義がありません (classification not defined)")
        }
        let type: MessageType = switch message.field(41, 2) {
        case 0: .alert
        case 1: .update
        case 2: .cancel
        default: throw Refusal("情報形態3は定義がありません (information type 3 is not defined)")
        }
        bulletin = Bulletin(
            format: .qzss, type: "DCR\(category)", title: "\(known.title)（災危通報）", kind: known.kind, status: status,
            message: type, sender: "気象庁")
        bulletin.identifiers = ["dcr-" + message.digits(14..<226)]
        // The satellite says an early warning while it holds: one that comes from the receiver itself is of now.
        bulletin.sent = QZSSTimes.japanese(dating.isUndated && known.kind == .eew ? receipt.hub : announced)
        bulletin.doubtfulDate = dating.doubt
        bulletin.reported = bulletin.sent
        read(category)
        bulletin.text = facts.isEmpty ? nil : facts.joined(separator: "\n")
    }

    private mutating func read(_ category: Int) {
        switch category {
        case 1: readEarlyWarning()
        case 2: readHypocentre()
        case 3: readIntensities()
        case 4: readNankai()
        case 5: readTsunami()
        case 6: readNorthwestPacificTsunami()
        case 8: readVolcano()
        case 9: readAshFall()
        case 10: readWeather()
        case 11: readFlood()
        case 12: readTyphoon()
        default: readMarine()
        }
    }
}

// MARK: what the categories share

extension DisasterReport {
    mutating func say(_ fact: String?) {
        if let fact { facts.append(fact) }
    }

    /// A value without a name, kept for the operator: `震度:9`.
    mutating func unknown(_ table: String, _ code: Int) {
        bulletin.unknownCodes.append("\(table):\(code)")
    }

    /// The word for a value; nil and noted where there is none.
    mutating func word(_ words: [Int: String], _ code: Int, _ table: String) -> String? {
        if let word = words[code] { return word }
        unknown(table, code)
        return nil
    }

    /// A place by a number of one of JMA's tables, padded to the width of its codes.
    mutating func place(_ scheme: AreaScheme, codeType: String? = nil, _ number: Int, width: Int) -> AreaStatement {
        let digits = String(number)
        let code = String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        let name = codeType.map { tables.name(codeType: $0, code) } ?? tables.name(scheme, code)
        let named = name ?? otherName(scheme, codeType, code)
        if named == nil { bulletin.unknownCodes.append("\(codeType ?? scheme.rawValue):\(code)") }
        return AreaStatement(scheme: scheme, code: code, name: named, codeType: codeType)
    }

    /// その他 codes: the specification's own, one beyond each of JMA's tables.
    private func otherName(_ scheme: AreaScheme, _ codeType: String?, _ code: String) -> String? {
        let prefecture = tables.name(codeType: "都道府県", String(code.prefix(2)))
        switch (scheme, code) {
        case (.jmaTsunami, "1000"): return "その他の津波予報区"
        case (.jmaVolcano, "4000"): return "その他の火山"
        case (.jmaForecast, "500000"): return "その他の府県予報区"
        case (.other, "10000") where codeType == "地方海上予報区": return "その他の地方海上予報区"
        case (.jmaCity, _) where code.hasSuffix("99999"): return prefecture.map { $0 + "のその他の市町村" }
        case (.jmaRiver, _) where code.hasSuffix("9999999999"): return (prefecture.map { $0 + "の" } ?? "") + "その他の河川"
        default: return nil
        }
    }

    mutating func add(_ area: AreaStatement) { bulletin.areas.append(area) }

    /// Up to three of JMA's fixed sentences (固定付加文), 9 bits each: they are the headline.
    mutating func readNotifications(at offset: Int) {
        var sentences: [String] = []
        for code in (0..<3).map({ message.field(offset + $0 * 9, 9) }) where code != 0 {
            let padded = "0\(code)"
            if let sentence = tables.kindName(.comment, padded, at: announced) {
                sentences.append(sentence)
            } else if code != 500 {  // その他の防災上の留意事項
                unknown("固定付加文", code)
            }
        }
        bulletin.headline = sentences.isEmpty ? nil : sentences.joined(separator: "\n")
    }

    /// Day, hour and minute in 16 bits, nearest to the announcement.
    func moment(at offset: Int) -> Date? {
        QZSSTimes.nearest(
            day: message.field(offset, 5), hour: message.field(offset + 5, 5), minute: message.field(offset + 10, 6),
            to: announced)
    }

    /// Latitude and longitude in 41 bits: sign, degrees, minutes, seconds.
    func position(at offset: Int) -> (latitude: Double, longitude: Double)? {
        let north = message.field(offset + 1, 7), northMinutes = message.field(offset + 8, 6)
        let northSeconds = message.field(offset + 14, 6)
        let east = message.field(offset + 21, 8), eastMinutes = message.field(offset + 29, 6)
        let eastSeconds = message.field(offset + 35, 6)
        guard north <= 90, east <= 180, [northMinutes, northSeconds, eastMinutes, eastSeconds].allSatisfy({ $0 < 60 })
        else { return nil }
        let latitude = Double(north) + Double(northMinutes) / 60 + Double(northSeconds) / 3_600
        let longitude = Double(east) + Double(eastMinutes) / 60 + Double(eastSeconds) / 3_600
        return (message.flag(offset) ? -latitude : latitude, message.flag(offset + 20) ? -longitude : longitude)
    }
}

/// DCX (災危通報の拡張, message type 44): what Ｌアラート, Ｊアラート, ministries and municipalities say, in the Common
/// Alert Message Format that Galileo uses too.
///
///      14    24 26   35  40     47 49 50    64 66 67  70    80              129 131   146 …             214
///      │mask │A1│A2 │A3 │A4    │A5│A6│A7   │A8│A9│A10│A11  │A12…A16 ellipse│A17│A18  │EX1…EX10       │version│
///
/// The mask says which satellites send; it changes while the message stays, so identity begins after it.
///
/// Weak side: numbers with a hazard (B4) and second ellipses (B3) are kept as digits, and the international
/// library's sentences by their numbers; Japanese messages use neither.
import AlertModel
import Codes
import FoundationEssentials

struct ExtendedReport {
    let message: QZSSMessage
    let tables: CodeTables
    var bulletin: Bulletin
    private var facts: [String] = []

    private static let japan = 111
    private var country: Int { message.field(26, 9) }
    private var provider: Int { message.field(35, 5) }
    private var hazard: Int { message.field(40, 7) }

    /// CAMF A3 for Japan; IS-QZSS-DCX-004 Table 4.2-6.
    private static let providers: [Int: (title: String, sender: String)] = [
        1: ("Ｌアラート", "一般財団法人マルチメディア振興センター（Ｌアラート）"), 2: ("Ｊアラート", "消防庁"), 3: ("Ｊアラート", "関係省庁"),
        4: ("自治体からの情報", "地方公共団体"),
    ]

    init(_ message: QZSSMessage, receivedAt: Date, tables: CodeTables) {
        self.message = message
        self.tables = tables
        bulletin = Bulletin(
            format: .qzss, type: "DCX", title: "災危通報", kind: .other, status: .system, message: .alert, sender: "")
        bulletin.identifiers = ["dcx-" + message.digits(24..<220)]
        if isEmpty {
            // Sent while there is nothing to say: it proves that the receiver hears, and nothing else.
            bulletin.title = "送信する情報なし（災危通報）"
            bulletin.sender = "内閣府"
            return
        }
        readHeader()
        readTimes(receivedAt)
        readInstruction()
        readAreas()
        bulletin.event = "qzss-dcx-\(country)-\(provider)-\(hazard)-"
            + bulletin.areas.map(\.code).sorted().joined(separator: " ")
        bulletin.text = facts.isEmpty ? nil : facts.joined(separator: "\n")
    }

    /// All zero but the country.
    private var isEmpty: Bool {
        message.field(24, 2) == 0 && stride(from: 35, to: 220, by: 37).allSatisfy { message.field($0, 37) == 0 }
    }

    private mutating func readHeader() {
        switch message.field(24, 2) {
        case 0: bulletin.status = .test
        case 1: (bulletin.status, bulletin.message) = (.actual, .alert)
        case 2: (bulletin.status, bulletin.message) = (.actual, .update)
        // All clear: the hazard is over. What was shown has to go, as after a cancel.
        default: (bulletin.status, bulletin.message) = (.actual, .cancel)
        }
        if country == Self.japan, let known = Self.providers[provider] {
            bulletin.title = "\(known.title)（災危通報）"
            bulletin.sender = known.sender
        } else {
            bulletin.title = country == Self.japan ? "災危通報（拡張）" : "外国からの情報（災危通報）"
            bulletin.sender = "CAMF \(country)-\(provider)"
            bulletin.unknownCodes.append(country == Self.japan ? "DCX提供者:\(provider)" : "DCX国:\(country)")
        }
        bulletin.kind = CAMFHazards.kind(hazard)
        if let name = CAMFHazards.name(hazard) {
            if hazard != 0 { facts.append("災害: \(name)") }
        } else {
            bulletin.unknownCodes.append("CAMF災害種別:\(hazard)")
        }
        bulletin.severity = ["Unknown", "Moderate", "Severe", "Extreme"][message.field(47, 2)]
        // Abroad these bits are not the version: Fiji's trial messages have 16 there.
        let version = message.field(214, 6)
        if country == Self.japan, version != 1 { bulletin.unknownCodes.append("DCX版:\(version)") }
    }

    private mutating func readTimes(_ receivedAt: Date) {
        let minute = message.field(50, 14)
        if minute > 10_080 { bulletin.unknownCodes.append("CAMF開始時刻:\(minute)") }
        guard let onset = QZSSTimes.onset(week: message.field(49, 1), minute: minute, receivedAt: receivedAt) else { return }
        bulletin.target = QZSSTimes.japanese(onset)
        // A8: shorter than 6, 12, 24 hours; 0 is unknown.
        let hours = [0, 6, 12, 24][message.field(64, 2)]
        if hours > 0 { bulletin.expires = QZSSTimes.japanese(onset.addingTimeInterval(Double(hours) * 3_600)) }
    }

    private mutating func readInstruction() {
        let isNational = message.flag(66), version = message.field(67, 3), number = message.field(70, 10)
        guard number != 0 else { return }
        if isNational, country == Self.japan, version == 0 {
            bulletin.headline = CAMFInstructions.japanese(number)
            if bulletin.headline == nil { bulletin.unknownCodes.append("DCX避難行動:\(number)") }
        } else if !isNational, version == 0 {
            facts.append("Instruction: CAMF IC-A-\((number >> 5) + 1), IC-B-\((number & 31) + 1)")
        } else {
            bulletin.unknownCodes.append("CAMFライブラリ:\(version)-\(number)")
        }
    }
}

// MARK: where

extension ExtendedReport {
    private mutating func readAreas() {
        let hasEllipse = message.field(80, 47) != 0 || message.field(127, 2) != 0
        switch (country, provider) {
        case (Self.japan, 2), (Self.japan, 3):
            readTargetList()
        case (Self.japan, 1):
            // Either the ellipse or the municipality; never both.
            if hasEllipse { readMainEllipse() } else { addTown(message.field(146, 16)) }
        case (Self.japan, 4):
            if hasEllipse { readMainEllipse() }
            addTown(message.field(146, 16))
            readAdditionalEllipse()
        default:
            if hasEllipse { readMainEllipse() }
        }
        if bulletin.message == .cancel {
            for index in bulletin.areas.indices { bulletin.areas[index].status = "解除" }
        }
    }

    /// EX8, EX9: 47 flags of prefectures, or up to four municipalities.
    private mutating func readTargetList() {
        if message.flag(146) {
            for offset in stride(from: 147, to: 211, by: 16) { addTown(message.field(offset, 16)) }
        } else {
            for prefecture in 1...47 where message.flag(147 + 47 - prefecture) { addTown(prefecture * 1_000) }
        }
    }

    /// A municipality or, ending in 000, a prefecture, by its code without the check digit.
    private mutating func addTown(_ number: Int) {
        guard number != 0 else { return }
        let stem = String(repeating: "0", count: max(0, 5 - String(number).utf8.count)) + String(number)
        let code = (0...9).lazy.map { stem + String($0) }.first { TownID($0) != nil } ?? stem
        let town = TownID(code).flatMap { tables.town($0) }
        let name = town.map { $0.prefecture + $0.name } ?? tables.name(.localGovernment, code)
        if name == nil { bulletin.unknownCodes.append("lg:\(code)") }
        bulletin.areas.append(statement(.localGovernment, code, name))
    }

    private func statement(_ scheme: AreaScheme, _ code: String, _ name: String?) -> AreaStatement {
        AreaStatement(
            scheme: scheme, code: code, name: name, kindCode: hazard == 0 ? nil : "\(hazard)",
            kindName: hazard == 0 ? nil : CAMFHazards.name(hazard))
    }

    private mutating func readMainEllipse() {
        var ellipse = CAMFEllipse(
            latitude: -90 + 180 / 65_535 * Double(message.field(80, 16)),
            longitude: -180 + 360 / 131_071 * Double(message.field(96, 17)),
            major: message.field(113, 5), minor: message.field(118, 5),
            azimuth: -90 + 180 / 64 * Double(message.field(123, 6)))
        switch message.field(129, 2) {
        case 0:  // B1: three bits more for centre and axes
            ellipse.latitude += 180 / 65_535 / 8 * Double(message.field(131, 3))
            ellipse.longitude += 360 / 131_071 / 8 * Double(message.field(134, 3))
            ellipse.refine(major: message.field(137, 3), minor: message.field(140, 3))
        case 1: facts.append("災害の中心（B2）: \(message.field(131, 7)) \(message.field(138, 7))")
        case 2: facts.append("第二の楕円（B3）: \(message.field(131, 15))")
        default: facts.append("数値情報（B4）: \(message.field(131, 15))")
        }
        add(ellipse, name: nil)
    }

    /// EX2…EX7 of a municipality: an ellipse to leave or to go to.
    private mutating func readAdditionalEllipse() {
        guard message.field(163, 46) != 0 || message.field(209, 5) != 0 else { return }
        let ellipse = CAMFEllipse(
            latitude: -90 + 180 / 131_071 * Double(message.field(163, 17)),
            longitude: 45 + 180 / 131_071 * Double(message.field(180, 17)),
            major: message.field(197, 5), minor: message.field(202, 5), azimuth: -90 + 180 / 128 * Double(message.field(207, 7)))
        let words = message.flag(162) ? "この範囲へ向かうこと" : "この範囲から離れること"
        // Not where the alert is for but where its hearers should go or not be: a place by the way, not a target.
        facts.append("\(words): \(ellipse.area.code)")
    }

    private mutating func add(_ ellipse: CAMFEllipse, name: String?) {
        bulletin.areas.append(statement(ellipse.area.scheme, ellipse.area.code, name))
    }
}

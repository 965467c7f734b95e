/// Earthquake early warning, hypocentre, intensities, Nankai Trough.
import AlertModel
import Codes
import FoundationEssentials

extension DisasterReport {
    /// Category 1, 緊急地震速報（警報）.
    mutating func readEarlyWarning() {
        readNotifications(at: 53)
        readOrigin(at: 80)
        readFocus(unknownOver8: false)
        let lower = word(QZSSWords.intensityLimits, message.field(122, 4), "震度（下限）")
        let upper = word(QZSSWords.intensityLimits, message.field(126, 4), "震度（上限）")
        say(lower.map { lower in
            upper == nil || upper == lower || upper == "なし" ? "予想最大震度: \(lower)"
                : upper == QZSSWords.orMore ? "予想最大震度: \(lower)程度以上" : "予想最大震度: \(lower)から\(upper ?? "")"
        })
        readLongPeriod()
        for number in 1...80 where message.flag(129 + number) { addEarlyWarningRegion(number) }
    }

    /// Eighty flags: 56 府県予報区, then 14 地方予報区, in the order of JMA's tables (Table 4.1.2-10).
    private mutating func addEarlyWarningRegion(_ number: Int) {
        var area: AreaStatement
        if number <= QZSSWords.earlyWarningRegions.count {
            area = place(.jmaEEW, QZSSWords.earlyWarningRegions[number - 1], width: 4)
        } else {
            area = AreaStatement(scheme: .other, code: "\(number)", codeType: "災危通報 緊急地震速報の地域")
            if number == 80 { area.name = "その他の府県予報区および地方予報区" } else { unknown("災危通報 緊急地震速報の地域", number) }
        }
        area.kindCode = "31"
        area.kindName = tables.kindName(.eewWarning, "31", at: announced)
        add(area)
    }

    /// 長周期地震動階級, lower and upper; 0 is no data.
    private mutating func readLongPeriod() {
        let limits = [message.field(47, 3), message.field(50, 3)].filter { $0 != 0 }
        let words = limits.compactMap { word(QZSSWords.longPeriodClasses, $0, "長周期地震動階級") }
        if let first = words.first { say("予想長周期地震動階級: " + (words.last == first ? first : words.joined(separator: "から"))) }
    }

    /// Category 2.
    mutating func readHypocentre() {
        readNotifications(at: 53)
        readOrigin(at: 80)
        readFocus(unknownOver8: true)
        if let position = position(at: 122) {
            bulletin.hypocentre?.latitude = position.latitude
            bulletin.hypocentre?.longitude = position.longitude
        }
    }

    /// Category 3: up to sixteen prefectures.
    mutating func readIntensities() {
        readOrigin(at: 53)
        for offset in stride(from: 69, to: 69 + 16 * 9, by: 9) {
            let intensity = message.field(offset, 3), prefecture = message.field(offset + 3, 6)
            if intensity == 0, prefecture == 0 { break }
            var area = place(.other, codeType: "都道府県", prefecture, width: 2)
            area.value = word(QZSSWords.intensities, intensity, "震度")
            add(area)
        }
    }

    /// Category 4: a page of a text of up to 63 pages, 18 octets each. A page ends anywhere, also inside a letter;
    /// what is cut off at its edges is left out here.
    mutating func readNankai() {
        let serial = message.field(53, 4)
        if let (code, word) = QZSSWords.nankai[serial] {
            bulletin.headline = word
            add(AreaStatement(scheme: .other, code: "nankai", name: "南海トラフ", kindCode: code, kindName: word,
                              codeType: "地震関連情報"))
        } else {
            unknown("地震関連情報", serial)
        }
        let octets = (0..<18).map { UInt8(message.field(57 + $0 * 8, 8)) }.filter { $0 != 0 }
        let page = String(decoding: octets.drop { $0 & 0xC0 == 0x80 }, as: UTF8.self)
        say(page.isEmpty ? nil : String(page.filter { $0 != "\u{FFFD}" }))
        bulletin.serial = "\(message.field(201, 6))/\(message.field(207, 6))"
        bulletin.event = "qzss-nankai-" + (bulletin.sent?.text ?? "")
    }

    /// The origin time; an earthquake is recognised by it, whatever is corrected later.
    private mutating func readOrigin(at offset: Int) {
        guard let origin = moment(at: offset), let stamp = QZSSTimes.japanese(origin) else { return }
        bulletin.target = stamp
        bulletin.event = "qzss-quake-\(stamp.text)"
        say("発生: \(QZSSTimes.words(origin))ころ")
    }

    /// Depth, magnitude and epicentre in 26 bits at 96.
    private mutating func readFocus(unknownOver8: Bool) {
        let depth = message.field(96, 9), magnitude = message.field(105, 7), epicentre = message.field(112, 10)
        var focus = Hypocentre()
        if depth <= 500 { focus.depth = Double(depth) } else if depth != 501, depth != 511 { unknown("深さ", depth) }
        switch magnitude {
        case 1...100:
            focus.magnitude = Double(magnitude) / 10
            focus.magnitudeText = "\(magnitude / 10).\(magnitude % 10)"
        case 101: focus.magnitudeText = "10.0より大きい"
        case 126 where unknownOver8: focus.magnitudeText = "不明(8.0より大きい)"
        case 127: focus.magnitudeText = "不明"
        default: unknown("マグニチュード", magnitude)
        }
        // 仮定震源要素: placeholders, not to be shown (IS-QZSS-DCR-017, 4.1.2.5).
        focus.isAssumed = bulletin.kind == .eew && depth == 10 && magnitude == 10
        focus.code = String(epicentre)
        focus.name = epicentre == 1000 ? "その他の震央地名" : tables.name(codeType: "震央地名", String(epicentre))
        if focus.name == nil { unknown("震央地名", epicentre) }
        bulletin.hypocentre = focus
        if depth == 501 { say("深さ: 500kmより深い") }
    }
}

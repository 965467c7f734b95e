/// From what a bulletin says to an alert of ours. The one place where real and drill part.
///
///     Bulletin ──▶ status ──▶ actual     Alert<Actual>
///                        ├──▶ exercise   Alert<Exercise>
///                        └──▶ test, system: kept in the record, never near an adapter
///
/// The status alone decides. Two drills of JMA say 訓練 nowhere but in Control/Status, and a real bulletin may say
/// "this is a sample" in its text; a title, a word or an EventID is never asked.
package import AlertModel
package import FoundationEssentials

package enum SortedAlert: Sendable {
    case actual(Alert<Actual>)
    case exercise(Alert<Exercise>)
    /// For the record only; the reason is for the operator.
    case recordOnly(AlertContent, BulletinStatus, reason: String)

    package var content: AlertContent {
        switch self {
        case .actual(let alert): alert.content
        case .exercise(let alert): alert.content
        case .recordOnly(let content, _, _): content
        }
    }
}

package struct Normaliser: Sendable {
    /// CAP that bears no signature of somebody the settings trust goes to the record only.
    package var requiresTrustedSignature: Bool
    /// A sender's clock may be so far ahead of ours; from here on it is wrong, or the date is forged.
    package static let tolerance = 5 * 60.0

    package init(requiresTrustedSignature: Bool = false) {
        self.requiresTrustedSignature = requiresTrustedSignature
    }

    /// One alert per bulletin today. Of several EventIDs the first names the event, the others become aliases: what
    /// a bulletin says of its areas is not said earthquake by earthquake.
    ///
    /// `id` is asked once per alert. Refuses a CAP alert whose signature does not fit, and names beyond all measure.
    /// What is dated ahead of us is told all the same, under the time it came.
    package func sort(
        _ bulletin: Bulletin, id: () -> AlertID, receivedAt: Date
    ) throws(Refusal) -> [SortedAlert] {
        try check(bulletin)
        let names = EventNaming(bulletin)
        let revision = revision(of: bulletin, receivedAt)
        let written = bulletin.sent.map(Self.date) ?? receivedAt
        var content = AlertContent(
            id: id(), event: names.event, kind: bulletin.kind, message: bulletin.message, revision: revision,
            type: Self.type(of: bulletin), title: Self.title(of: bulletin), headline: headline(of: bulletin),
            sender: bulletin.sender, sent: Self.credible(written, receivedAt),
            reported: bulletin.reported.map { time in
                // CAP's `effective` may well lie ahead; when JMA issued something does not.
                bulletin.format == .cap ? Self.date(time) : Self.credible(Self.date(time), receivedAt)
            },
            expires: Lifetime.expiry(of: bulletin, sent: written, receivedAt: receivedAt),
            areas: Self.areas(of: bulletin), hypocentre: bulletin.hypocentre, aliases: names.aliases, weight: Self.weight(of: bulletin))
        content.remarks = bulletin.remarks.isEmpty ? nil : bulletin.remarks
        content.happened = Self.happened(bulletin)
        content.validUntil = bulletin.format == .jma ? bulletin.expires.map(Self.date) : nil
        if let signer = bulletin.signer { content.provenance = Provenance(trust: .signed, signer: signer) }
        if let reason = silence(bulletin) { return [.recordOnly(content, bulletin.status, reason: reason)] }
        switch bulletin.status {
        case .actual: return [.actual(Alert(content))]
        case .exercise: return [.exercise(Alert(content))]
        case .test, .system:
            return [.recordOnly(content, bulletin.status, reason: "状態が\(bulletin.status.rawValue)で、住民向けではありません (not for people)")]
        }
    }

    private static func areas(of bulletin: Bulletin) -> [AreaStatement] {
        var areas = bulletin.areas
        // CAMF numbers its hazards by itself: 41 is a pyroclastic flow there and no 噴火警報. The words say it.
        if bulletin.type == "DCX" { for index in areas.indices { areas[index].kindCode = nil } }
        if let keyword = bulletin.keyword { areas.append(keyword) }
        // What was seen off shore, carried on to the coast: a guess with a height, and no class.
        if bulletin.type == "VTSE52" {
            for index in areas.indices where areas[index].scheme == .jmaTsunami && areas[index].kindCode == nil {
                areas[index].kindName = "沖合の観測からの推定"
            }
        }
        return areas
    }

    private static func happened(_ bulletin: Bulletin) -> Date? {
        switch bulletin.kind {
        case .earthquake, .eew: (bulletin.hypocentre?.origin.flatMap(Timestamp.init) ?? bulletin.target).map(date)
        case .volcano where bulletin.type == "VFVO56" || bulletin.type == "VFVO52": bulletin.target.map(date)
        default: nil
        }
    }

    private static func weight(of bulletin: Bulletin) -> Weight? {
        guard bulletin.format == .cap, bulletin.severity != nil || bulletin.urgency != nil else { return nil }
        return Weight(severity: bulletin.severity, urgency: bulletin.urgency, certainty: bulletin.certainty)
    }

    /// JMA's title without the mark that tells apart forms of one bulletin: 津波情報a, 気象警報・注意報（Ｒ０６）.
    private static func title(of bulletin: Bulletin) -> String {
        guard bulletin.format == .jma else { return bulletin.title }
        let title = bulletin.title.replacing(/（[ＨＲ][０-９]{2}）$/, with: "")
        guard let mark = title.unicodeScalars.last, ("a"..."z").contains(mark), title.unicodeScalars.count > 1 else { return title }
        return String(title.dropLast())
    }

    private func check(_ bulletin: Bulletin) throws(Refusal) {
        switch bulletin.signature {
        case .invalid: throw Refusal("署名が合いません。変えられたか、名乗っている人のものではありません (the signature does not fit the alert)")
        case .valid, nil, .none?, .unverified?: break
        }
        // The longest of JMA's has 40 letters; CAP sets no bound.
        let names = bulletin.identifiers + [bulletin.sender, bulletin.editor ?? "", bulletin.event ?? ""]
        guard names.allSatisfy({ $0.utf8.count <= 1_000 }) else { throw Refusal("番号か発信者が1000オクテットを超えています (identifier or sender too long)") }
    }

    private func revision(of bulletin: Bulletin, _ receivedAt: Date) -> Revision {
        // A sentence of the extended report bears no time of its own.
        let sent = bulletin.sent.map { Self.placed(Self.date($0), receivedAt) } ?? receivedAt
        return Revision(
            series: bulletin.type ?? bulletin.format.rawValue, serial: bulletin.serial.flatMap { Int($0) }, sent: sent,
            isCancel: bulletin.message == .cancel,
            // CAP's Update is the ordinary next revision; JMA's 訂正 repeats serial and time of what it corrects.
            isCorrection: bulletin.format == .jma && bulletin.message == .update)
    }

    /// Cancels of early warnings have an empty headline and say what they are in the body only.
    private func headline(of bulletin: Bulletin) -> String? {
        bulletin.headline ?? (bulletin.message == .cancel ? bulletin.text : nil)
    }

    private static func type(of bulletin: Bulletin) -> String {
        bulletin.format == .jma ? bulletin.type ?? "jma" : bulletin.format.rawValue
    }

    /// How far a bulletin is dated ahead of us, where that is more than a clock may be.
    package static func lead(of bulletin: Bulletin, receivedAt: Date) -> TimeInterval? {
        bulletin.sent.map { date($0).timeIntervalSince(receivedAt) }.flatMap { $0 > tolerance ? $0 : nil }
    }

    /// For people: what was said an hour from now was said now.
    private static func credible(_ date: Date, _ receivedAt: Date) -> Date {
        date.timeIntervalSince(receivedAt) > tolerance ? receivedAt : date
    }

    /// Among the revisions of its event: nothing was sent after it came, else one that is dated ahead would silence
    /// every true one until then. Of one whose date is plainly wrong we know no more than that it came: it yields to
    /// all that are dated well.
    private static func placed(_ date: Date, _ receivedAt: Date) -> Date {
        let lead = date.timeIntervalSince(receivedAt)
        return lead > tolerance ? receivedAt.addingTimeInterval(-tolerance) : min(date, receivedAt)
    }

    static func date(_ timestamp: Timestamp) -> Date { Date(timeIntervalSince1970: timestamp.seconds) }

    /// Why a bulletin is not for people though its status would allow it.
    private func silence(_ bulletin: Bulletin) -> String? {
        if requiresTrustedSignature, bulletin.format == .cap, bulletin.signature != .valid {
            return "登録された署名者の署名がないCAP: 記録のみ (CAP without a valid signature of a pinned signer: \(bulletin.signature?.rawValue ?? "none"))"
        }
        switch bulletin.message {
        case .ack, .error: return "\(bulletin.message.rawValue)はシステム間の連絡です (a message between systems)"
        case .alert, .update, .cancel: break
        }
        if let scope = bulletin.scope, scope != "Public" { return "範囲が\(scope)で、一般向けではありません (not for the public)" }
        guard bulletin.format == .jma, let type = bulletin.type else { return nil }
        if type == "VXSE42" { return "毎時の緊急地震速報の配信試験です (an hourly test of the distribution)" }
        if Self.machineTypes.contains(type) { return "機械のための数値です。意味は警報として届きます (numbers for machines)" }
        if bulletin.kind == .other, Self.forecastTypes.contains(where: type.hasPrefix) { return "警戒を呼びかけない予報・観測です (warns of nothing)" }
        return nil
    }

    /// 時系列 (8,900 elements with every change of a warning) and 大雨危険度通知 (every ten minutes).
    private static let machineTypes: Set<String> = ["VPWP50", "VPRN50"]

    /// 天気予報, 季節予報, 天気図, 季節観測: 気象庁防災情報XML電文一覧.
    private static let forecastTypes = [
        "VPFG", "VPFD", "VPFW", "VPZW", "VPCW", "VPZK", "VPCK", "VPCY", "VGSK", "VZSA", "VZSF",
    ]
}

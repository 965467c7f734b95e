/// Control and Head: what every bulletin says about itself, whatever its subject.
///
/// Source: 気象庁防災情報XMLフォーマット 辞書 (jmaxml1 1.3), namespaces jmaxml1, informationBasis1 and body.
internal import AlertModel

enum JMANamespace {
    static let report: StaticString = "http://xml.kishou.go.jp/jmaxml1/"
    static let head: StaticString = "http://xml.kishou.go.jp/jmaxml1/informationBasis1/"
    /// seismology1, meteorology1, volcanology1 follow.
    static let body: StaticString = "http://xml.kishou.go.jp/jmaxml1/body/"
    /// Coordinates, magnitudes, heights.
    static let basis: StaticString = "http://xml.kishou.go.jp/jmaxml1/elementBasis1/"
}

struct JMAEnvelope {
    let title: String
    let status: BulletinStatus
    let message: MessageType
    let publishingOffice: String
    let headline: XMLElement?
    let body: XMLElement?
    /// Head's title, which names the region where Control's only names the kind: 埼玉県熱中症警戒アラート.
    let headTitle: String
    private let control: XMLElement
    private let head: XMLElement
    private let sent: Timestamp

    init(_ root: XMLElement) throws(Refusal) {
        guard root.isNamed("Report"), root.isIn(exactly: JMANamespace.report) else {
            throw Refusal("根の要素が気象庁の Report ではなく \(root.name)（名前空間「\(root.namespace)」）です (not JMA's Report)")
        }
        try JMAOnce.check(report: root)
        guard let control = root.own("Control") else { throw Refusal("Control がありません (Control is missing)") }
        guard let head = root.first("Head", in: JMANamespace.head) else { throw Refusal("Head がありません (Head is missing)") }
        guard let title = control.own("Title")?.trimmed else { throw Refusal("Control/Title がないか、空です (Control/Title is missing or empty)") }
        self.title = title
        status = try JMAEnvelope.status(control.own("Status")?.trimmed)
        message = try JMAEnvelope.message(head.own("InfoType")?.trimmed)
        sent = try JMAEnvelope.sent(control.own("DateTime")?.trimmed)
        publishingOffice = control.own("PublishingOffice")?.trimmed ?? ""
        headline = head.own("Headline")
        body = root.children.first { $0.isNamed("Body") && $0.isIn(JMANamespace.body) }
        headTitle = head.own("Title")?.trimmed ?? ""
        self.control = control
        self.head = head
    }

    func fill(_ bulletin: inout Bulletin) {
        bulletin.identifiers = head.own("EventID")?.trimmed.map {
            $0.split(whereSeparator: \.isWhitespace).map(String.init)
        } ?? []
        bulletin.serial = head.own("Serial")?.trimmed
        bulletin.sent = sent
        bulletin.reported = time("ReportDateTime")
        bulletin.target = time("TargetDateTime")
        bulletin.expires = time("ValidDateTime")
        bulletin.editor = control.own("EditorialOffice")?.trimmed
        if let text = headline?.own("Text"), text.trimmed != nil { bulletin.headline = text.text }
    }

    /// A time that cannot be read is no reason to refuse a warning: it is left out.
    private func time(_ name: StaticString) -> Timestamp? {
        head.own(name)?.trimmed.flatMap(Timestamp.init)
    }

    private static func status(_ word: String?) throws(Refusal) -> BulletinStatus {
        switch word {
        case "通常": return .actual
        case "訓練": return .exercise
        case "試験": return .test
        case nil: throw Refusal("Control/Status がないか空で、本番か訓練か決められません (missing or empty: real or drill cannot be told)")
        case let other?: throw Refusal("Control/Status の「\(other)」は、通常・訓練・試験のどれでもありません (none of these)")
        }
    }

    private static func message(_ word: String?) throws(Refusal) -> MessageType {
        switch word {
        // 遅延: an issue that comes late, by a line that was cut; what it says was said.
        case "発表", "遅延": return .alert
        case "訂正": return .update
        case "取消": return .cancel
        case nil: throw Refusal("Head/InfoType がないか、空です (Head/InfoType is missing or empty)")
        case let other?: throw Refusal("Head/InfoType の「\(other)」は、発表・訂正・遅延・取消のどれでもありません (none of these)")
        }
    }

    /// Required: where a bulletin has no EventID or no Serial, this time alone orders it among the others.
    private static func sent(_ word: String?) throws(Refusal) -> Timestamp {
        guard let word else { throw Refusal("Control/DateTime がないか、空です (Control/DateTime is missing or empty)") }
        guard let time = Timestamp(word) else { throw Refusal("Control/DateTime の「\(word)」は日時ではありません (no time)") }
        return time
    }
}

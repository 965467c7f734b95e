/// A CAP alert as values, after its form was checked and before its sense is.
struct CAPAlert {
    struct Pair: Hashable {
        var name: String
        var value: String
    }

    struct Area {
        var description: String
        var polygons: [String]
        var circles: [String]
        var geocodes: [Pair]
        var altitude: String?
        var ceiling: String?
    }

    struct Info {
        /// `en-US` where none is written, as the schema says.
        var language: String
        var categories: [String]
        var event: String
        var eventCodes: [Pair]
        var responses: [String]
        var urgency: String
        var severity: String
        var certainty: String
        var effective: Timestamp?
        var onset: Timestamp?
        var expires: Timestamp?
        var headline: String?
        var description: String?
        var instruction: String?
        var areas: [Area]
    }

    var version: CAPVersion
    var identifier: String
    var sender: String
    var sent: Timestamp
    var status: String
    var message: String
    var scope: String
    var restriction: String?
    var addresses: String?
    /// As written, split by `CAPReferences`.
    var references: String?
    var infos: [Info]
    /// Times that are not written as they should be, and how they were read.
    var doubtfulTimes: [String] = []
    /// The same for words of the standard.
    var doubtfulWords: [String] = []
}

extension CAPAlert {
    /// Whether an info says that something is over. What ends or lowers is taken in doubt: the safe side is here to hear it.
    func ends(_ info: Info) -> Bool {
        message == "Cancel" || info.responses.contains("AllClear") || message == "Update" && info.urgency == "Past"
    }

    /// Times as the standard does not have them, though their meaning is certain.
    var oddTimes: [String] {
        let times = [("sent", Optional(sent))] + infos.flatMap { [("effective", $0.effective), ("onset", $0.onset), ("expires", $0.expires)] }
        return times.compactMap { name, time in
            guard version != .v10, let text = time?.text, text.hasSuffix("Z") || text.contains(".") else { return nil }
            return "\(name) \(text): CAP \(version.rawValue) はZと小数秒を認めないが、意味は確かなので読んだ (Z or a fraction, read as meant)"
        }
    }

    /// Reads a tree that `CAPCheck` has passed.
    init(_ root: XMLElement, version: CAPVersion) throws(Refusal) {
        guard let identifier = root.first("identifier")?.text, let sender = root.first("sender")?.text,
            let written = root.first("sent")?.text.collapsed, let sent = Timestamp(written) ?? CAPDoubt.time(written)?.time
        else { throw Refusal("CAP \(version.rawValue): 読めない項目があります: identifier, sender, sent のどれか (cannot be read)") }
        self.version = version
        self.identifier = identifier
        self.sender = sender
        self.sent = sent
        // Words that are not as they should be have passed `CAPCheck` where they end something.
        status = CAPDoubt.word(root.first("status")?.text ?? "")
        message = CAPDoubt.word(root.first("msgType")?.text ?? "")
        // CAP 1.0 leaves the scope open; it was public unless said otherwise.
        scope = CAPDoubt.word(root.first("scope")?.text ?? "Public")
        restriction = root.text("restriction")
        addresses = root.text("addresses")
        references = root.text("references")
        infos = root.all("info").map { Info($0, version: version) }
        let times = [("sent", root.first("sent"))] + root.all("info").flatMap { info in
            [("effective", info.first("effective")), ("onset", info.first("onset")), ("expires", info.first("expires"))]
        }
        let words = ["status", "msgType", "scope"].compactMap { root.first($0) } + root.all("info").flatMap { info in
            ["responseType", "urgency", "severity", "certainty", "category"].flatMap { info.all($0) }
        }
        doubtfulWords = words.compactMap { element in
            let read = CAPDoubt.word(element.text)
            return read == element.text ? nil : "\(element.name) \(element.text.prefix(60)): 規格どおりの言葉ではない。\(read) と読んだ (read as meant)"
        }
        doubtfulTimes = times.compactMap { name, element in
            guard let text = element?.text.collapsed, Timestamp(text) == nil else { return nil }
            let read = CAPDoubt.time(text)
            return "\(name) \(text.prefix(60)): 規格どおりの日時ではない。"
                + (read.map { "\($0.time.text) と読んだ\($0.isZoneGuessed ? "（時差がないので日本時間とした）" : "") (read as meant)" } ?? "読めないので使わない (not used)")
        }
    }
}

extension CAPAlert.Info {
    init(_ element: XMLElement, version: CAPVersion) {
        func moment(_ name: StaticString) -> Timestamp? {
            element.first(name).flatMap { Timestamp($0.text.collapsed) ?? CAPDoubt.time($0.text.collapsed)?.time }
        }
        func prose(_ name: StaticString) -> String? {
            guard let text = element.first(name)?.text, !text.trimmingXMLSpace().isEmpty else { return nil }
            return text
        }
        language = element.text("language") ?? "en-US"
        categories = element.all("category").map { CAPDoubt.word($0.text) }
        event = element.first("event")?.text ?? ""
        eventCodes = element.all("eventCode").map { CAPAlert.Pair($0, version: version) }
        responses = element.all("responseType").map { CAPDoubt.word($0.text) }
        urgency = CAPDoubt.word(element.first("urgency")?.text ?? "")
        severity = CAPDoubt.word(element.first("severity")?.text ?? "")
        certainty = CAPDoubt.word(element.first("certainty")?.text ?? "")
        effective = moment("effective")
        onset = moment("onset")
        expires = moment("expires")
        headline = prose("headline")
        description = prose("description")
        instruction = prose("instruction")
        areas = element.all("area").map { CAPAlert.Area($0, version: version) }
    }
}

extension CAPAlert.Area {
    init(_ element: XMLElement, version: CAPVersion) {
        description = element.text("areaDesc") ?? ""
        // The US weather service writes <polygon></polygon> where it has none: an empty one says nothing.
        polygons = element.all("polygon").compactMap(\.trimmed)
        circles = element.all("circle").compactMap(\.trimmed)
        geocodes = element.all("geocode").map { CAPAlert.Pair($0, version: version) }
        altitude = element.text("altitude")
        ceiling = element.text("ceiling")
    }
}

extension CAPAlert.Pair {
    init(_ element: XMLElement, version: CAPVersion) {
        guard version == .v10 else {
            self.init(name: element.text("valueName") ?? "", value: element.text("value") ?? "")
            return
        }
        let parts = element.text.split(separator: "=", maxSplits: 1).map { $0.trimmingXMLSpace() }
        self.init(name: parts.count == 2 ? parts[0] : "", value: parts.last ?? "")
    }
}

/// The earlier messages an alert speaks of: `sender,identifier,sent`, several separated by white space.
///
/// None of the three may contain a comma, so a run of six or nine fields joined by commas alone (seen from an
/// issuer's cancel) can be read in one way only, and is. CAP 1.0 writes `identifier/sender`.
enum CAPReferences {
    /// References of one message; a season's worth of hourly updates stays below it.
    static let limit = 1_000

    static func read(_ text: String, version: CAPVersion) throws(Refusal) -> [Bulletin.Reference] {
        var references: [Bulletin.Reference] = []
        for word in text.split(whereSeparator: \.isWhitespace) {
            if version == .v10, !word.contains(","), let slash = word.lastIndex(of: "/") {
                references.append(
                    .init(
                        // Around the slash found above; at the end that is nothing.
                        sender: String(word[word.index(after: slash)...]), identifier: String(word[..<slash]), sent: "")
                )
                continue
            }
            let fields = word.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard fields.count % 3 == 0 else { throw refusal(word, "sender,identifier,sent の三つ組ではありません (no triple)", version) }
            for start in stride(from: 0, to: fields.count, by: 3) {
                let (sender, identifier, sent) = (fields[start], fields[start + 1], fields[start + 2])
                guard !sender.isEmpty, !identifier.isEmpty, Timestamp(sent) != nil else {
                    throw refusal(word, "空の部分があるか、終わりが日時ではありません (an empty part, or no time at its end)", version)
                }
                references.append(.init(sender: sender, identifier: identifier, sent: sent))
            }
            guard references.count <= limit else {
                throw Refusal("CAP \(version.rawValue): alert/references: \(limit)より多くあります (too many)")
            }
        }
        return references
    }

    private static func refusal(_ word: Substring, _ rule: String, _ version: CAPVersion) -> Refusal {
        Refusal("CAP \(version.rawValue): alert/references: “\(word.prefix(80))” \(rule)")
    }
}

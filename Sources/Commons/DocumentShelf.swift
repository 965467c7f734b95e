/// What a node holds, and whether a revision may come next: every document goes 1, 2, 3 … and ends with its Cancel.
struct DocumentShelf: Sendable {
    /// The last revision of every document.
    private(set) var held: [CommonsNode.Held] = []
    private(set) var every: [CommonsNode.Held] = []
    /// Revisions that were there already; receivers drop them, whatever they say.
    private(set) var duplicates = 0

    enum Verdict: Equatable {
        case new
        /// It was there already.
        case again
        case wrong(String)
    }

    mutating func take(_ new: CommonsNode.Held) -> Verdict {
        if let complaint = Self.contradiction(in: new) ?? disorder(of: new) { return .wrong(complaint) }
        if held.contains(where: { $0.id == new.id && $0.revision == new.revision }) {
            duplicates += 1
            return .again
        }
        held.removeAll { $0.id == new.id }
        held.append(new)
        every.append(new)
        return .new
    }

    /// Envelope, object and head say the same thing in several places.
    private static func contradiction(in new: CommonsNode.Held) -> String? {
        let report = new.report
        for name in ["distributionStatus", "distributionID", "documentID", "documentRevision", "distributionType"] {
            let said = Set(report.all(name).map(\.text))
            guard said.count == 1 else { return "\(name) says \(said.sorted())" }
        }
        guard let category = report.words("contentObject/category"), report.words("Control/Title") == category else {
            return "category and Control/Title differ"
        }
        let previous = report.words("contentObject/previousDocumentRevision").flatMap { Int($0) } ?? 0
        guard previous == new.revision - 1 else { return "previousDocumentRevision \(previous)" }
        if new.type == "Cancel", report.first("Control/Errata/Description") == nil { return "a Cancel without Errata" }
        return nil
    }

    private func disorder(of new: CommonsNode.Held) -> String? {
        guard let last = held.first(where: { $0.id == new.id }) else {
            return new.revision == 1 && new.type == "Report" ? nil : "a new document begins as \(new.type) \(new.revision)"
        }
        if last.revision == new.revision, last.type == new.type { return nil }
        if last.type == "Cancel" { return "this document was cancelled" }
        guard new.revision == last.revision + 1, new.type != "Report" else {
            return "\(new.type) \(new.revision) after revision \(last.revision)"
        }
        return nil
    }
}

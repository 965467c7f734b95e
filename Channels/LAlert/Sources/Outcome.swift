import ChannelKit

/// What became of all documents of one delivery.
struct Outcome: Sendable {
    struct Part: Sendable {
        enum Result: Sendable {
            case taken(String)
            case refused(String)
            case failed(DeliveryFailure)
            case nothing(String)
        }
        /// EvacuationOrder, UrgentMail UMC1 …
        let name: String
        /// documentID/revision.
        let reference: String?
        let result: Result
    }

    /// The document of the alert's kind first, then the mails.
    let parts: [Part]

    /// A part that may still succeed is tried again, and only that part. When all have ended, one refusal makes the
    /// whole refused: the words say what went out all the same.
    func receipt() throws(DeliveryFailure) -> Receipt {
        let failures = parts.compactMap { part -> DeliveryFailure? in
            if case .failed(let failure) = part.result { failure } else { nil }
        }
        if let failure = failures.min(by: { Self.rank($0) < Self.rank($1) }) { throw failure }
        let words = parts.map { "\($0.name): \($0.words)" }.joined(separator: "; ")
        guard !parts.contains(where: \.isRefused) else { throw .rejected(words) }
        return Receipt(reference: parts.first { $0.reference != nil }?.reference, note: words)
    }

    private static func rank(_ failure: DeliveryFailure) -> Int {
        switch failure {
        case .cancelled: 0
        case .misconfigured: 1
        case .throttled: 2
        case .unavailable: 3
        case .rejected: 4
        }
    }
}

extension Outcome.Part {
    /// Nothing was sent for this plan.
    init(_ plan: Planned) {
        var reference: String?
        switch plan.step {
        case .publish: result = .nothing("送っていません (not sent)")
        case .settled(let document):
            reference = "\(plan.documentID(document))/\(document.revision)"
            result = .taken("すでに公開済みです (published before)")
        case .refused(let words): result = .refused(words)
        case .nothing(let words): result = .nothing(words)
        }
        name = plan.title
        self.reference = reference
    }

    init(_ plan: Planned, _ document: Document, _ reply: NodePair.Reply) {
        name = plan.title
        reference = "\(plan.documentID(document))/\(document.revision)"
        switch reply {
        case .taken(let words): result = .taken(words)
        case .refused(let words): result = .refused(words)
        case .failed(let failure, _): result = .failed(failure)
        }
    }

    fileprivate var isRefused: Bool {
        if case .refused = result { true } else { false }
    }

    fileprivate var words: String {
        switch result {
        case .taken(let words), .refused(let words), .nothing(let words): words
        case .failed(let failure): "\(failure)"
        }
    }
}

extension Planned {
    var title: String {
        guard let carrier else { return String(key.prefix { $0 != "/" }) }
        return "UrgentMail \(carrier)"
    }
}

/// The chain that makes a changed record show: each fact of a town's record has a number and the hash of the one before in
/// its own, so that none can be changed, taken out, put in or moved without all that follow being made anew.
///
///     #1 ──hash──▶ #2 ──hash──▶ #3 …  ──▶ head
///      │            │            │
///     alert        skips        step        what the rows say, as a digest
///
/// Each town has a chain, and what passed towns by has one for all of them, as its rows are kept once. Who can write the
/// file can make a whole chain anew; therefore the end of each day is signed (`DayRoot`), and a head may be written down elsewhere
/// (`noroshi log verify` prints it). Hashes are made where rows are written, behind the line.
package import AlertModel
internal import Crypto
package import FoundationEssentials

/// One fact: what was recorded, by whom and because of what.
package struct Fact: Sendable, Hashable {
    package enum Kind: Int, Sendable, CaseIterable {
        /// An alert with its words and where it was sent.
        case alert = 1
        /// Of an alert the far ends that do not hear it, and why.
        case skips
        case step, receipt, report
        /// An alert, and the towns it passes by.
        case passed
        /// What a person at the desk did that is no alert: a telephone call.
        case deed

        package var word: String {
            switch self {
            case .alert: "alert"
            case .skips: "skips"
            case .step: "step"
            case .receipt: "receipt"
            case .report: "report"
            case .passed: "passed"
            case .deed: "deed"
            }
        }

        package var japanese: String {
            switch self {
            case .alert: "情報と送信の決定"
            case .skips: "送らない決定"
            case .step: "配信の経過"
            case .receipt: "端末の受信記録"
            case .report: "避難所からの報告"
            case .passed: "対象外の情報"
            case .deed: "職員がしたこと"
            }
        }
    }

    /// From 1, without a gap.
    package var number: Int64
    package var kind: Kind
    /// The alert's, receipt's, report's or deed's id; of a step nothing, as its row has none.
    package var subject: String
    package var at: Date
    /// Who: `jma`, an operator, `line`, a device.
    package var actor: String
    /// What it follows from: the event of an alert, the alert of everything else, the site of a report, what a deed is about.
    package var cause: String
    package var hash: [UInt8]

    package init(number: Int64, kind: Kind, subject: String, at: Date, actor: String, cause: String, hash: [UInt8] = []) {
        self.number = number
        self.kind = kind
        self.subject = subject
        self.at = at
        self.actor = actor
        self.cause = cause
        self.hash = hash
    }

    /// The hash it has to have after `before`, when its rows say what has this digest.
    package func expectedHash(in chain: String, after before: [UInt8], saying digest: [UInt8]) -> [UInt8] {
        var sum = FactDigest()
        sum.add(octets: before)
        sum.add(chain)
        sum.add(number)
        sum.add(Int64(kind.rawValue))
        sum.add(subject)
        sum.add(at.timeIntervalSince1970)
        sum.add(actor)
        sum.add(cause)
        sum.add(octets: digest)
        return sum.octets
    }
}

/// Where a chain ends now.
package struct ChainHead: Sendable, Hashable {
    package var number: Int64
    package var hash: [UInt8]

    package init(number: Int64, hash: [UInt8]) {
        self.number = number
        self.hash = hash
    }

    /// Hex.
    package var hashText: String { hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }

    /// `NUMBER:HASH`, as somebody wrote it down.
    package init?(written: String) {
        let parts = written.split(separator: ":")
        guard parts.count == 2, let number = Int64(parts[0]), number > 0, parts[1].utf8.count == 64 else { return nil }
        let digits = Array(parts[1].utf8)
        let octets = stride(from: 0, to: 64, by: 2).compactMap { UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) }
        guard octets.count == 32 else { return nil }
        self.init(number: number, hash: octets)
    }

    package static let beginning = ChainHead(number: 0, hash: [UInt8](repeating: 0, count: 32))

    /// Of 64 hex digits.
    package init?(number: Int64, hashText: String) { self.init(written: "\(number):\(hashText)") }

    /// The next fact, which is the head from now on.
    package mutating func append(
        _ kind: Fact.Kind, _ subject: String, in chain: String, at: Date, actor: String, cause: String, saying digest: [UInt8]
    ) -> Fact {
        var fact = Fact(number: number + 1, kind: kind, subject: subject, at: at, actor: actor, cause: cause)
        fact.hash = fact.expectedHash(in: chain, after: hash, saying: digest)
        self = ChainHead(number: fact.number, hash: fact.hash)
        return fact
    }
}

/// A head that is known from elsewhere: the chain has to pass there.
package struct KnownHead: Sendable, Hashable {
    package var head: ChainHead
    /// From where, for people: 控え, 2026-11-28の署名.
    package var source: String

    package init(_ head: ChainHead, source: String) {
        self.head = head
        self.source = source
    }

    /// As somebody wrote it down on paper.
    package static func written(_ head: ChainHead?) -> [KnownHead] { head.map { [KnownHead($0, source: "控え")] } ?? [] }
}

/// The chain of what passed towns by.
package enum CommonChain {
    package static let name = "common"
    package static func name(of town: TownID?) -> String { town?.code ?? name }
}

/// SHA-256 over values, each with its type and length before it, so that no two rows are the same octets.
package struct FactDigest: ~Copyable {
    private var sum = SHA256()

    package init() {}

    package mutating func addNothing() { sum.update(data: [0]) }

    package mutating func add(_ number: Int64) {
        sum.update(data: [1])
        add(bits: UInt64(bitPattern: number))
    }

    package mutating func add(_ number: Double) {
        sum.update(data: [2])
        // A file knows one zero.
        add(bits: number == 0 ? 0 : number.bitPattern)
    }

    package mutating func add(_ text: String) {
        // SQLite's readers end a text at the first NUL.
        let octets = Array(text.utf8.prefix { $0 != 0 })
        sum.update(data: [3])
        add(bits: UInt64(octets.count))
        sum.update(data: octets)
    }

    package mutating func add(octets: [UInt8]) {
        sum.update(data: [4])
        add(bits: UInt64(octets.count))
        sum.update(data: octets)
    }

    private mutating func add(bits: UInt64) {
        sum.update(data: (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) })
    }

    package var octets: [UInt8] { Array(sum.finalize()) }

    package static func of(_ octets: some DataProtocol) -> [UInt8] { Array(SHA256.hash(data: octets)) }
}

/// What looking through a chain found.
package struct ChainReport: Sendable, Hashable {
    package struct Flaw: Sendable, Hashable {
        /// Of the first fact that is not what was recorded; nil where a row stands in no chain at all.
        package var number: Int64?
        package var kind: Fact.Kind?
        package var subject: String
        /// For people, Japanese first.
        package var words: String

        package init(number: Int64?, kind: Fact.Kind?, subject: String, words: String) {
            self.number = number
            self.kind = kind
            self.subject = subject
            self.words = words
        }
    }

    /// A town's code, or `common`.
    package var chain: String
    package var facts: Int
    package var head: ChainHead
    package var flaw: Flaw?
    /// The last day with facts, by its first moment in Japan, and the last one before it: that one is over.
    package var lastDay: Date?
    package var finishedDay: Date?

    package init(chain: String, facts: Int, head: ChainHead, flaw: Flaw? = nil) {
        self.chain = chain
        self.facts = facts
        self.head = head
        self.flaw = flaw
    }

    mutating func passes(_ fact: Fact) {
        let day = JapanTime.midnight(before: fact.at)
        guard day > lastDay ?? .distantPast else { return }
        (finishedDay, lastDay) = (lastDay, day)
    }
}

/// Follows a chain fact by fact.
package struct ChainWalk: Sendable {
    package private(set) var report: ChainReport
    /// By their numbers, the highest first.
    private var expected: [KnownHead]
    /// Up to here the chain is as it was known elsewhere.
    private var proven: Int64 = 0

    /// - Parameter expected: heads that are known from elsewhere: the chain has to pass there.
    package init(_ chain: String, expecting expected: [KnownHead] = []) {
        report = ChainReport(chain: chain, facts: 0, head: .beginning)
        self.expected = expected.sorted { $0.head.number > $1.head.number }
    }

    /// False once it is broken. `digest` is nil where its rows are gone.
    package mutating func take(_ fact: Fact, saying digest: [UInt8]?) -> Bool {
        guard report.flaw == nil else { return false }
        let expected = report.head.number + 1
        guard fact.number == expected else {
            fail(expected, nil, "", "記録の \(expected) 番がありません。次は \(fact.number) 番です (fact \(expected) is missing)")
            return false
        }
        guard let digest else {
            fail(fact.number, fact.kind, fact.subject, "記録の \(fact.number) 番（\(fact.kind.japanese)）の行がありません (the rows of fact \(fact.number) are gone)")
            return false
        }
        guard fact.hash == fact.expectedHash(in: report.chain, after: report.head.hash, saying: digest) else {
            fail(fact.number, fact.kind, fact.subject, "記録の \(fact.number) 番（\(fact.kind.japanese)）が、書かれたときの内容と違います (fact \(fact.number) is not what was recorded)")
            return false
        }
        while let known = self.expected.last, known.head.number <= fact.number {
            self.expected.removeLast()
            guard known.head.hash == fact.hash else {
                let span = proven + 1 == fact.number ? "\(fact.number) 番" : "\(proven + 1)〜\(fact.number) 番のどこか"
                fail(fact.number, fact.kind, fact.subject, "記録の \(fact.number) 番の指紋が、\(known.source)と違います。\(span)から記録が作り直されています (fact \(fact.number) has not the hash that is known from elsewhere: the record was made anew)")
                return false
            }
            proven = fact.number
        }
        report.passes(fact)
        report.head = ChainHead(number: fact.number, hash: fact.hash)
        report.facts += 1
        return true
    }

    /// Once all facts were taken: the chain has to end where the ledger says.
    package mutating func end(at head: ChainHead) {
        if let known = expected.first, known.head.number > report.head.number {
            fail(report.head.number + 1, nil, "", "\(known.source)には \(known.head.number) 番がありますが、記録は \(report.head.number) 番までです (fact \(known.head.number) is known from elsewhere and is not there)")
        }
        guard report.flaw == nil, head != report.head else { return }
        let number = min(head.number, report.head.number) + (head.number == report.head.number ? 0 : 1)
        fail(number, nil, "", "記録は \(head.number) 番まであるはずですが、\(report.head.number) 番で終わっています (the chain ends at \(report.head.number) and not at \(head.number))")
    }

    package mutating func fail(_ number: Int64?, _ kind: Fact.Kind?, _ subject: String, _ words: String) {
        guard report.flaw == nil else { return }
        report.flaw = .init(number: number, kind: kind, subject: subject, words: words)
    }
}

/// One door for every format: looks at the octets, not at a name or a media type, and hands them to their reader.
///
///     octets ──▶ gzip? inflate, once, bounded ──▶ `<` … root's namespace ──▶ JMAReader │ CAPReader
///                                              └▶ `$` … a sentence a line ─▶ QZSSReader
package import Codes
package import FoundationEssentials
internal import Gzip

package enum BulletinReader {
    /// Octets of a file, packed or not. JMA's largest real bulletin has 3.84 MB and packs fifty to one, so what
    /// counts is the size after inflation.
    package static let limit = 8 << 20
    /// No real warning is longer, unpacked; what is may be a document of forecasts, or no bulletin at all.
    package static let longestWarning = 1 << 20
    /// Sentences of one QZSS file. A receiver hears some seven satellites, each of which says a sentence every four seconds
    /// (IS-QZSS-DCR): this is more than an hour and a half of all of them. Whoever has more sends it in pieces.
    package static let sentenceLimit = 10_000

    /// What became of one bulletin of a file.
    package struct Reading: Sendable {
        /// Counted from 1; nil where the file is the bulletin.
        package let line: Int?
        package let outcome: Result<Bulletin, Refusal>
    }

    /// All bulletins of a file, in order; refuses the whole file where one of them is refused, with its line.
    package static func read(
        _ octets: [UInt8], fileName: String?, codes: CodeTables = .bundled, trust: CAPTrust = .nobody,
        receivedAt: Date
    ) throws(Refusal) -> [Bulletin] {
        var bulletins: [Bulletin] = []
        let readings = try readEach(
            octets, fileName: fileName, codes: codes, trust: trust, receivedAt: receivedAt)
        for reading in readings {
            switch reading.outcome {
            case .success(let bulletin): bulletins.append(bulletin)
            case .failure(let refusal):
                throw reading.line.map { Refusal("\($0)行目: \(refusal.reason)") } ?? refusal
            }
        }
        return bulletins
    }

    /// The same, sentence by sentence: a damaged line takes nothing from its neighbours. Throws only where the file
    /// as a whole is none of ours. `isLive`: straight from a satellite receiver.
    package static func readEach(
        _ octets: [UInt8], fileName: String?, codes: CodeTables = .bundled, trust: CAPTrust = .nobody,
        receivedAt: Date, isLive: Bool = false
    ) throws(Refusal) -> [Reading] {
        let plain = try inflate(octets)
        let bulletin: Result<Bulletin, Refusal>
        switch try format(of: plain) {
        case .jma:
            bulletin = Result { () throws(Refusal) in try JMAReader.read(plain, fileName: fileName, codes: codes) }
        case .cap:
            bulletin = Result { () throws(Refusal) in try CAPReader.read(plain, trust: trust, codes: codes) }
        case .qzss:
            return try sentences(withoutMark(plain), codes, QZSSReceipt(hub: receivedAt, isLive: isLive))
        }
        return [Reading(line: nil, outcome: bulletin)]
    }

    /// Whether reading it takes so long that it has to give way to what is short: every real warning is far shorter. `plain`
    /// is not packed.
    package static func isLong(_ plain: [UInt8]) -> Bool { plain.count > longestWarning || (plain.count > 16 << 10 && isSentences(plain)) }

    /// Satellite sentences, as far as one glance tells.
    package static func isSentences(_ plain: [UInt8]) -> Bool { (try? format(of: plain)) == .qzss }

    /// The octets themselves unless they are gzip. Refuses more than `limit`, a damaged or cut file, and gzip in gzip.
    package static func inflate(_ octets: [UInt8], upTo limit: Int = limit) throws(Refusal) -> [UInt8] {
        guard octets.count <= limit else { throw Refusal("\(octets.count)オクテットあり、読める上限\(limit)を超えます (too long)") }
        guard isGzip(octets) else { return octets }
        let plain: [UInt8]
        do throws(Gzip.Failure) {
            plain = try Gzip.inflate(octets, limit: limit)
        } catch {
            switch error {
            case .damaged where QZSSReader.recognises(octets): return octets
            case .damaged: throw Refusal("gzip: 壊れているか、途中で切れています (damaged or cut short)")
            case .tooLong: throw Refusal("gzip: 展開すると\(limit)オクテットを超えます (too long once inflated)")
            }
        }
        guard !isGzip(plain) else { throw Refusal("gzipの中にまたgzipがあります (gzip inside gzip)") }
        return plain
    }

    /// Which reader the octets are for; JMA and CAP by the namespace of the root.
    static func format(of octets: [UInt8]) throws(Refusal) -> Bulletin.Format {
        guard let first = withoutMark(octets).first(where: { !isBlank($0) }) else { throw Refusal("空です (empty)") }
        if first != UInt8(ascii: "<"), !isWide(octets) {
            guard QZSSReader.recognises(withoutMark(octets)) else {
                throw Refusal("XMLでも、QZSSの文（$QZQSM,…）でも、そのgzipでもありません (neither XML nor QZSS sentences nor gzip of these)")
            }
            return .qzss
        }
        if !isWide(octets), let namespace = XMLRoot.namespace(of: octets) { return format(rootNamespace: namespace) }
        let root: XMLElement
        do throws(XMLRefusal) {
            root = try XMLDocument(octets).root
        } catch {
            // A recording may begin with anything: a logger's line, a receiver's binary, half a character.
            guard !QZSSReader.recognises(octets) else { return .qzss }
            throw Refusal(error.reason)
        }
        return format(rootNamespace: root.namespace)
    }

    /// What is neither goes to the CAP reader, which knows what feeds and envelopes to name in its refusal.
    private static func format(rootNamespace namespace: String) -> Bulletin.Format {
        namespace.hasPrefix("http://xml.kishou.go.jp/jmaxml1/") ? .jma : .cap
    }

    private static func sentences(
        _ octets: [UInt8], _ codes: CodeTables, _ receipt: QZSSReceipt
    ) throws(Refusal) -> [Reading] {
        // Counted before anything is made of them.
        let count = QZSSReader.count(octets, upTo: sentenceLimit + 1)
        guard count <= sentenceLimit else {
            throw Refusal("災危通報の文が\(sentenceLimit)より多くあります。一時間分ほどに分けて送ってください (more than \(sentenceLimit) sentences: send it in pieces of about an hour)")
        }
        let lines = QZSSReader.recorded(octets)
        guard !lines.isEmpty else { throw Refusal("QZSSの文（$QZQSM,…）がありません (no QZSS sentence in it)") }
        var readings: [Reading] = []
        readings.reserveCapacity(lines.count)
        var number = 1
        var counted = octets.startIndex
        for (line, receiver) in lines {
            var receipt = receipt
            receipt.receiver = receiver
            number += breaks(octets[counted..<line.startIndex])
            counted = line.startIndex
            readings.append(Reading(line: number, outcome: Result { () throws(Refusal) in
                try QZSSReader.read(line, receipt: receipt, tables: codes)
            }))
        }
        return readings
    }

    /// Line ends: LF, CR LF, or CR alone.
    private static func breaks(_ octets: ArraySlice<UInt8>) -> Int {
        var count = 0
        for (index, octet) in zip(octets.indices, octets) {
            if octet == 0x0A || (octet == 0x0D && (index + 1 == octets.endIndex || octets[index + 1] != 0x0A)) { count += 1 }
        }
        return count
    }

    private static func isGzip(_ octets: [UInt8]) -> Bool { octets.starts(with: [0x1F, 0x8B]) }

    private static func isBlank(_ octet: UInt8) -> Bool { octet == 0x20 || (0x09...0x0D).contains(octet) }

    /// UTF-16: CAP allows it, and libxml2 reads it.
    private static func isWide(_ octets: [UInt8]) -> Bool {
        octets.starts(with: [0xFE, 0xFF]) || octets.starts(with: [0xFF, 0xFE]) || octets.starts(with: [0x00, 0x3C])
    }

    /// Without the UTF-8 byte order mark that editors leave.
    private static func withoutMark(_ octets: [UInt8]) -> [UInt8] {
        octets.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(octets.dropFirst(3)) : octets
    }
}

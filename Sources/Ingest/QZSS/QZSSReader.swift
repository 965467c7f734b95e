/// みちびき 災危通報 (QZSS DC Report and DCX), received as NMEA sentences `$QZQSM,<satellite>,<63 hex digits>*<checksum>`.
///
///     sentence ──▶ QZSSSentence (checksum, CRC-24Q) ──▶ message type 43 ──▶ DisasterReport (気象庁)
///                                                       message type 44 ──▶ ExtendedReport (Ｌアラート, Ｊアラート, 自治体)
///
/// A second intake beside JMA's XML: a receiver on the roof, no line, no contract. The satellites repeat a message
/// every few seconds and each says the same, so a bulletin's identifier is made of what it says and not of who said
/// it: the same message from three satellites is one bulletin.
///
/// A message carries no year, and times of day without a month; both are found from the time of receipt.
///
/// Source: IS-QZSS-DCR-017 and IS-QZSS-DCX-004 (内閣府, みちびき ユーザインタフェース仕様書); CAMF Issue 1.2 (EUSPA) for
/// the common part of DCX. Recordings compared with nbtk/azarashi (MIT).
package import Codes
package import FoundationEssentials

package enum QZSSReader {
    /// One sentence, with or without its line end, in any case of hexadecimal digits.
    package static func read(
        _ sentence: some Sequence<UInt8>, receipt: QZSSReceipt, tables: CodeTables = .bundled
    ) throws(Refusal) -> Bulletin {
        let message = try QZSSSentence(sentence).message
        switch message.type {
        case 43: return try DisasterReport(message, receipt: receipt, tables: tables).bulletin
        case 44: return ExtendedReport(message, receivedAt: receipt.moment, tables: tables).bulletin
        default: throw Refusal("メッセージ型\(message.type)は、43（災危通報）でも44（DCX）でもありません (neither 43 nor 44)")
        }
    }

    package static func read(
        _ sentence: some Sequence<UInt8>, receivedAt: Date, tables: CodeTables = .bundled
    ) throws(Refusal) -> Bulletin {
        try read(sentence, receipt: QZSSReceipt(hub: receivedAt), tables: tables)
    }

    package static func read(
        _ sentence: String, receivedAt: Date, tables: CodeTables = .bundled
    ) throws(Refusal) -> Bulletin {
        try read(sentence.utf8, receivedAt: receivedAt, tables: tables)
    }

    /// The sentences of a file or of a request's body, cut at every `$` as at the port: a recording begins in the middle of
    /// a sentence, UBX octets, a tag block (`\g:1-1-7*5A\`) or a logger's time stand before one, signal strengths behind
    /// its checksum. Comments (`#`) and other NMEA sentences (`$GNGGA`) are left out; each that is left is read or refused.
    package static func lines(_ octets: [UInt8]) -> [ArraySlice<UInt8>] { recorded(octets).map(\.sentence) }

    /// How many of our sentences begin in it, counted no further than `limit`.
    static func count(_ octets: [UInt8], upTo limit: Int) -> Int {
        var count = 0
        octets.withUnsafeBufferPointer { octets in
            for index in octets.indices where octets[index] == UInt8(ascii: "$") {
                // From an index to the end: at least the one octet.
                if octets[index...].starts(with: QZSSSentence.start) { count += 1 }
                if count >= limit { return }
            }
        }
        return count
    }

    /// The same, each with what the receiver's own clock last said before it; the first ones with what it says first.
    static func recorded(_ octets: [UInt8]) -> [(sentence: ArraySlice<UInt8>, receiver: Date?)] {
        var sentences: [(sentence: ArraySlice<UInt8>, receiver: Date?)] = []
        var receiver: Date?
        for line in octets.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
        where line.first(where: { $0 != 0x20 && $0 != 0x09 }) != UInt8(ascii: "#") {
            let starts = line.indices.filter { line[$0] == UInt8(ascii: "$") }
            for (start, end) in zip(starts, starts.dropFirst() + [line.endIndex]) {
                // Starts ascend, and the last end is the line's own.
                let sentence = line[start..<end]
                if sentence.starts(with: QZSSSentence.start) {
                    sentences.append((upToChecksum(sentence), receiver))
                } else if let time = ReceiverTime.read(sentence) {
                    if receiver == nil { for index in sentences.indices { sentences[index].receiver = time } }
                    receiver = time
                }
            }
        }
        return sentences
    }

    private static func upToChecksum(_ sentence: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let star = sentence.firstIndex(of: UInt8(ascii: "*")), star + 2 < sentence.endIndex,
            QZSSSentence.digit(sentence[star + 1]) != nil, QZSSSentence.digit(sentence[star + 2]) != nil
        else { return sentence }
        return sentence[...(star + 2)]
    }

    /// Whether a file looks like a receiver's: one of our sentences is in it, or its first line that is no comment begins with `$`.
    package static func recognises(_ octets: [UInt8]) -> Bool {
        if octets.firstRange(of: QZSSSentence.start) != nil { return true }
        let line = octets.prefix(64 << 10).split { $0 == 0x0A || $0 == 0x0D }
            .first { $0.first != UInt8(ascii: "#") && $0.contains { $0 != 0x20 } }
        return line?.first { $0 != 0x20 && $0 != 0x09 } == UInt8(ascii: "$")
    }
}

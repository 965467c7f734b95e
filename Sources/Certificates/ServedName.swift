/// A name or an address by which tablets reach a machine of a town: what a certificate of ours may say, and nothing else.
///
/// Every one of them lies in a space where nobody else's sites are (RFC 6762, RFC 8375, RFC 1918, RFC 4193, the loopback, `internal` as ICANN has
/// set it aside), or under a domain that the town said when its authority was made. So whoever gets at the authority's key is still no bank, no
/// neighbour and no search engine to the town's tablets.
internal import SwiftASN1

#if canImport(Glibc)
internal import Glibc
#endif

package struct ServedName: Sendable, Hashable, CustomStringConvertible {
    package struct Refusal: Error, Sendable, Equatable { package let words: String }

    enum Kind: Sendable, Hashable {
        case name
        /// Four octets, or sixteen.
        case address([UInt8])
    }

    package let text: String
    let kind: Kind

    package var description: String { text }

    /// The machine itself, whatever it is called elsewhere.
    package var isHere: Bool {
        switch kind {
        case .name: text == "localhost"
        case .address(let octets): octets.count == 4 ? octets.first == 127 : octets.last == 1 && octets.dropLast().allSatisfy { $0 == 0 }
        }
    }

    /// Of one machine.
    package static let most = 8
    /// Of one authority.
    package static let mostDomains = 8

    static let privateDomains = ["local", "internal", "home.arpa", "lan", "localhost"]
    /// Address and mask, as a name constraint spells them (RFC 5280 §4.2.1.10).
    static let privateRanges: [[UInt8]] = [
        [10, 0, 0, 0, 255, 0, 0, 0], [172, 16, 0, 0, 255, 240, 0, 0], [192, 168, 0, 0, 255, 255, 0, 0], [127, 0, 0, 0, 255, 0, 0, 0],
        [0xFC] + [UInt8](repeating: 0, count: 15) + [0xFE] + [UInt8](repeating: 0, count: 15),
        [UInt8](repeating: 0, count: 15) + [1] + [UInt8](repeating: 255, count: 16),
    ]

    init(text: String, kind: Kind) { (self.text, self.kind) = (text, kind) }

    /// - Parameter domains: the authority's own, as `domain` read them.
    package init(_ written: String, under domains: [String]) throws(Refusal) {
        if let octets = Self.octets(written) {
            guard Self.privateRanges.contains(where: { Self.covers($0, octets) }) else {
                throw Refusal(words: "「\(written.prefix(80))」は学校や庁舎の中のアドレスではありません。10.、172.16〜31.、192.168.、127.、fc00::/7 だけに出せます (no private address)")
            }
            text = Self.spelled(octets)
            kind = .address(octets)
            return
        }
        let name = written.lowercased()
        guard Self.isName(name) else {
            throw Refusal(words: "「\(written.prefix(80))」は名前でもアドレスでもありません。edge.local や 192.168.1.5 のように書いてください (no name and no address)")
        }
        let allowed = Self.privateDomains + domains
        guard allowed.contains(where: { name == $0 && ($0 == "localhost" || domains.contains($0)) || name.hasSuffix("." + $0) }) else {
            throw Refusal(words: "「\(name)」はこの町の証明書に書けません。書けるのは \(allowed.map { "*." + $0 }.joined(separator: "、")) の名前です。町の名前を足すには noroshi town ca --new --domain （outside what this town's authority may name）")
        }
        text = name
        kind = .name
    }

    /// A domain of the town's own, under which an authority may name machines.
    package static func domain(_ written: String) throws(Refusal) -> String {
        let name = written.lowercased()
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        // Below a country's registry: kesennuma.miyagi.jp has its own, miyagi.jp, lg.jp and com have not.
        let isRegistry = labels.count < 2 || labels.count == 2 && labels.last == "jp" && (name.utf8.count <= 5 || labels.first.map { regions.contains(String($0)) } == true)
        guard isName(name), !isRegistry else {
            throw Refusal(words: "「\(written.prefix(80))」は町のドメインではありません。school.kesennuma.miyagi.jp のように書いてください (no domain of a town's own)")
        }
        return name
    }

    /// Under which JPRS registers, beside the names of two letters: prefectures, and the cities that had names of their own (https://jprs.jp/about/jp-dom/spec/).
    private static let regions = Set(
        """
        hokkaido aomori iwate miyagi akita yamagata fukushima ibaraki tochigi gunma saitama chiba tokyo kanagawa niigata toyama ishikawa fukui yamanashi nagano gifu \
        shizuoka aichi mie shiga kyoto osaka hyogo nara wakayama tottori shimane okayama hiroshima yamaguchi tokushima kagawa ehime kochi fukuoka saga nagasaki \
        kumamoto oita miyazaki kagoshima okinawa sapporo sendai yokohama kawasaki nagoya kobe kitakyushu
        """.split(separator: " ").map(String.init))

    private static func isName(_ name: String) -> Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard name.utf8.count <= 253, labels.count <= 12 else { return false }
        let isSpelled = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
                && label.first != "-" && label.last != "-"
        }
        return isSpelled && labels.last.map { !$0.allSatisfy(\.isNumber) } == true
    }

    static func covers(_ range: [UInt8], _ octets: [UInt8]) -> Bool {
        let half = range.count / 2
        // The range has two halves, and there are as many octets as in one.
        return octets.count == half && (0..<half).allSatisfy { octets[$0] & range[half + $0] == range[$0] }
    }

    private static func octets(_ text: String) -> [UInt8]? {
        var four = in_addr(), six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: &four) { Array($0) } }
        if inet_pton(AF_INET6, text, &six) == 1 { return withUnsafeBytes(of: &six) { Array($0) } }
        return nil
    }

    private static func spelled(_ octets: [UInt8]) -> String {
        // A constant of the system's, 46 octets.
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = octets.withUnsafeBytes { inet_ntop(octets.count == 4 ? AF_INET : AF_INET6, $0.baseAddress, &buffer, socklen_t(buffer.count)) }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

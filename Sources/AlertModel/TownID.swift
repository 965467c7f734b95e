/// A municipality (市区町村), by its 6-digit local government code (全国地方公共団体コード).
///
/// The sixth digit checks the other five, so a mistyped code is refused here and not sent to another town:
/// two towns are called 府中市, and one has received the other's evacuation order. A name is never an address.
///
/// Source: 総務省 全国地方公共団体コード仕様; JIS X 0401/0402.
public struct TownID: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    /// Six ASCII digits, check digit included: `042056` is 気仙沼市.
    public let code: String

    /// Nil unless `code` is six digits with a right check digit.
    public init?(_ code: String) {
        let digits = code.utf8.map { Int($0) - 48 }
        guard digits.count == 6, digits.allSatisfy({ (0...9).contains($0) }),
              Self.checkDigit(of: digits.prefix(5)) == digits[5]
        else { return nil }
        self.code = code
    }

    /// Weights 6 5 4 3 2; eleven minus the remainder of the sum by eleven, last digit only.
    static func checkDigit(of digits: ArraySlice<Int>) -> Int {
        let sum = zip(digits, [6, 5, 4, 3, 2]).reduce(0) { $0 + $1.0 * $1.1 }
        return (11 - sum % 11) % 10
    }

    /// The five digits of JIS X 0402, as JMA's seven-digit city codes begin with.
    public var jis: String { String(code.prefix(5)) }
    public var description: String { code }

    public static func < (left: Self, right: Self) -> Bool { left.code < right.code }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let town = Self(text) else {
            throw DecodingError.dataCorrupted(.init(
                codingPath: decoder.codingPath,
                debugDescription: "「\(text)」は地方公共団体コードではありません。検査数字を含む6桁です (no local government code: six digits, the last one checks the others)"))
        }
        self = town
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(code)
    }
}

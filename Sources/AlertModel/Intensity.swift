/// Seismic intensity (震度階級) of JMA's ten-step scale. Raw values as in bulletins: `5-` is ５弱, `5+` is ５強.
///
/// Source: 気象庁震度階級, 1996-10.
public enum Intensity: String, Sendable, Codable, CaseIterable, Hashable, Comparable {
    case zero = "0", one = "1", two = "2", three = "3", four = "4"
    case fiveLower = "5-", fiveUpper = "5+", sixLower = "6-", sixUpper = "6+", seven = "7"

    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .zero: 0
        case .one: 1
        case .two: 2
        case .three: 3
        case .four: 4
        case .fiveLower: 5
        case .fiveUpper: 6
        case .sixLower: 7
        case .sixUpper: 8
        case .seven: 9
        }
    }

    /// ６弱, as in 震度６弱.
    public var words: String {
        switch self {
        case .zero: "０"
        case .one: "１"
        case .two: "２"
        case .three: "３"
        case .four: "４"
        case .fiveLower: "５弱"
        case .fiveUpper: "５強"
        case .sixLower: "６弱"
        case .sixUpper: "６強"
        case .seven: "７"
        }
    }

    /// The highest step a bulletin's words speak of: `5-`, `震度６強`, `4から5-`, `震度５弱以上未入電`.
    /// Nil where they speak of none (`不明`, an empty text, a number that is no step).
    public static func highest(in words: String) -> Intensity? {
        let letters = Array(words)
        var found: Intensity?
        var position = 0
        while position < letters.count {
            defer { position += 1 }
            guard let digit = letters[position].wholeNumberValue, (0...7).contains(digit) else { continue }
            let isAlone = position == 0 || letters[position - 1].wholeNumberValue == nil
            let next = position + 1 < letters.count ? letters[position + 1] : " "
            guard isAlone, next.wholeNumberValue == nil, let step = step(digit, next) else { continue }
            found = Swift.max(found ?? step, step)
        }
        return found
    }

    /// 5 and 6 need their half; without one the lower is taken.
    private static func step(_ digit: Int, _ next: Character) -> Intensity? {
        guard digit == 5 || digit == 6 else { return Intensity(rawValue: "\(digit)") }
        let isUpper = next == "+" || next == "＋" || next == "強"
        return Intensity(rawValue: "\(digit)\(isUpper ? "+" : "-")")
    }
}

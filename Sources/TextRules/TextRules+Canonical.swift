// Normal forms are in Foundation only; FoundationEssentials has none of them (swift-foundation 6.3).
import Foundation

extension TextRules {
    /// NFC: か and its voicing mark become が, as the receiving systems count it.
    static func canonical(_ text: String) -> String { text.precomposedStringWithCanonicalMapping }

    /// The plain spelling of a compatibility character: ① → 1, ㈱ → (株), ｶﾞ → ガ; nil when it has none.
    static func plain(_ text: String) -> String? {
        let plain = text.precomposedStringWithCompatibilityMapping
        return plain == text ? nil : plain
    }
}

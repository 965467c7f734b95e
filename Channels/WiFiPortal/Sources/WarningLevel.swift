import AlertModel
import ChannelKit

/// 警戒レベル as stated, never guessed: by an evacuation order, or in the name of a bulletin's kind.
///
/// Source: 内閣府 避難情報に関するガイドライン (2021-05); names such as レベル４大雨危険警報 since 2026-05.
enum WarningLevel {
    static func stated<M: Mode>(in message: Message<M>) -> Int? {
        if case .evacuation = message.alert.content.detail { return message.orderLevel }
        return message.local.filter { $0.status != "解除" }.compactMap { $0.kindName.flatMap(level(named:)) }.max()
    }

    /// The digit after レベル, in either width.
    static func level(named text: String) -> Int? {
        guard let range = text.firstRange(of: "レベル"), range.upperBound < text.endIndex else { return nil }
        let digits: [Character: Int] = ["2": 2, "3": 3, "4": 4, "5": 5, "２": 2, "３": 3, "４": 4, "５": 5]
        return digits[text[range.upperBound]]
    }
}

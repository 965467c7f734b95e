import AlertModel
import ChannelKit
import TextRules

/// A mobile carrier's code and how long a body it takes (README).
struct Carrier: Sendable {
    let code: String
    let bodyLimit: Int

    /// What this carrier forbids. The same question in the preview, at start and before a mail is sent.
    func problems(in text: RenderedText, mode: ModeName) -> [TextProblem] {
        TextRules(bodyLimit: bodyLimit).problems(in: text, about: .evacuation, mode: mode)
    }

    /// Every finding once, with the carriers it holds for.
    static func problems(in text: RenderedText, of carriers: [Carrier], mode: ModeName) -> [TextProblem] {
        var found: [(problem: TextProblem, codes: [String])] = []
        for carrier in carriers {
            for problem in carrier.problems(in: text, mode: mode) {
                if let index = found.firstIndex(where: { $0.problem == problem }) {
                    found[index].codes.append(carrier.code)
                } else {
                    found.append((problem, [carrier.code]))
                }
            }
        }
        return found.map { problem, codes in
            var named = problem
            named.finding = "緊急速報メール \(codes.joined(separator: ", ")): \(problem.finding)"
            return named
        }
    }
}

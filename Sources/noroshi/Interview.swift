/// Questions on a terminal. Enter takes what stands in brackets; the end of the input ends the talk, and what was said is kept.
import Foundation

struct Interview {
    /// Whether anybody is there to be asked.
    let isHeld: Bool

    struct Over: Error {}

    func ask(_ question: String, _ proposal: String? = nil) throws -> String {
        Terminal.ask(question + (proposal.map { " [\($0)]" } ?? "") + ": ")
        guard let line = readLine() else { throw Over() }
        let answer = line.trimmingCharacters(in: .whitespaces)
        return answer.isEmpty ? proposal ?? "" : answer
    }

    func agrees(_ question: String, _ proposal: Bool = true) throws -> Bool {
        while true {
            switch try ask("\(question) はい/いいえ (yes/no)", proposal ? "はい" : "いいえ").lowercased() {
            case "はい", "yes", "y": return true
            case "いいえ", "no", "n": return false
            default: Terminal.complain("「はい」か「いいえ」で答えてください (yes or no)")
            }
        }
    }

    /// Words parted by 、 or , or blanks.
    func list(_ question: String, _ proposal: String? = nil) throws -> [String] {
        try ask(question, proposal).split { "、,， 　".contains($0) }.map(String.init)
    }
}

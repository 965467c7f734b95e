import Foundation
import Fortnight
import Testing

/// The page's own scripts have written down what they make of these (`Tests/browser/test_tablet_cases.py` asks them again).
@Suite("The tablet of a simulated fortnight answers as the page does")
struct TabletCaseTests {
    private struct Case: Decodable {
        enum Steps {
            case board([BoardStep]), clock([ClockStep]), outbox(OutboxSteps)
        }
        var kind: String
        var steps: Steps
        var says: [String]

        enum Key: String, CodingKey { case kind, steps, says }

        init(from decoder: any Decoder) throws {
            let said = try decoder.container(keyedBy: Key.self)
            kind = try said.decode(String.self, forKey: .kind)
            says = try said.decode([String].self, forKey: .says)
            steps = switch kind {
            case "board": .board(try said.decode([BoardStep].self, forKey: .steps))
            case "clock": .clock(try said.decode([ClockStep].self, forKey: .steps))
            default: .outbox(try said.decode(OutboxSteps.self, forKey: .steps))
            }
        }
    }

    private struct BoardStep: Decodable {
        var act: String
        var now: Int
        var line: PageLine?
        var doubt, left: Bool?
        var keys: [String]?
    }

    private struct ClockStep: Decodable {
        var act: String
        var running, wall: Int
        var time: Int?
        var text: String?
    }

    private struct OutboxSteps: Decodable {
        struct Add: Decodable { var path, id: String }
        struct Answer: Decodable {
            var status: Int
            var strange: Bool?
        }
        var adds: [Add]
        var answers: [Answer]
    }

    @Test("Every case of the table")
    func table() throws {
        var folder = URL(filePath: #filePath).resolvingSymlinksInPath()
        for _ in 0..<2 { folder.deleteLastPathComponent() }
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: folder.appending(path: "Fixtures/tablet-cases.json")))
        #expect(cases.count > 80)
        for (number, one) in cases.enumerated() {
            let said = switch one.steps {
            case .board(let steps): board(steps)
            case .clock(let steps): clock(steps)
            case .outbox(let steps): outbox(steps)
            }
            #expect(said == one.says, "case \(number), \(one.kind)")
        }
    }

    private func board(_ steps: [BoardStep]) -> [String] {
        var board = PageBoard()
        return steps.map { step in
            switch step.act {
            case "take": if let line = step.line { _ = board.take(line, isDoubtful: step.doubt == true, now: step.now) }
            case "begin": board.beginReplay()
            case "end": board.endReplay(isLeft: step.left == true)
            case "drop": board.drop { step.keys?.contains($0) == true }
            default: board.age(step.now)
            }
            let words = board.words, halted = board.entries.filter { $0.value.isHalted }.keys.sorted()
            return [words.visible, words.ended, halted].map { $0.joined(separator: " | ") }.joined(separator: " / ")
        }
    }

    private func clock(_ steps: [ClockStep]) -> [String] {
        var clock = PageClock()
        return steps.map { step in
            switch step.act {
            case "recall": clock.recall(step.time, running: step.running)
            case "learn": if let text = step.text, text.hasSuffix("Z") { clock.learn(PageTime.read(text), running: step.running) }
            case "guess": if let text = step.text, text.hasSuffix("Z") { clock.guess(PageTime.read(text), running: step.running) }
            case "least": if let time = step.time { clock.atLeast(time, running: step.running) }
            default: break
            }
            return "\(clock.now(running: step.running, wall: step.wall)) \(clock.mayJudge) \(clock.isCertain)"
        }
    }

    private func outbox(_ steps: OutboxSteps) -> [String] {
        var (box, answers, told) = (PageOutbox(), steps.answers[...], [String]())
        for add in steps.adds { if let path = PageOutbox.Path(rawValue: add.path) { box.add(.init(path: path, id: add.id)) } }
        // The page's `send`, twice.
        for _ in 0..<2 {
            while true {
                let batch = box.waiting
                guard let first = batch.first else { break }
                let answer = answers.popFirst()
                told.append("/v1/\(first.path.rawValue) " + batch.map(\.id).joined(separator: " "))
                guard box.answered(batch, status: answer?.status ?? 503, isOurs: answer?.strange != true) else { break }
            }
        }
        return told
    }
}

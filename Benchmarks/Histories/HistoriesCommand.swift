/// `make histories` writes; this holds what was written against the rules, and shows that each rule bites on that very history.
import ArgumentParser
import Chance
import Foundation
import Histories

@main
struct HistoriesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "noroshi-histories", abstract: "書き取った履歴を確かめます (holds written histories against the rules)")

    @Argument(help: "履歴のファイル。1行に1件のJSON (histories, a line of JSON each)")
    var files: [String]
    @Flag(help: "わざと誤りを入れ、見つかるかを確かめます (plants each fault into them, and says whether it is found)")
    var plant = false
    @Option(help: "誤りを入れる場所の種 (the seed of where they are planted)")
    var seed: UInt64 = 1

    func run() throws {
        var isGood = true
        for file in files {
            let history = try History(lines: String(contentsOfFile: file, encoding: .utf8))
            let found = HistoryCheck(history).violations()
            for violation in found { print(violation) }
            print("\(file): \(Figures(history)); \(found.isEmpty ? "every rule holds" : "\(found.count) violations")")
            isGood = isGood && found.isEmpty
            if plant { isGood = planted(history, besides: Set(found)) && isGood }
        }
        if !isGood { throw ExitCode.failure }
    }

    private func planted(_ history: History, besides old: Set<Violation>) -> Bool {
        var isGood = true
        for plant in Plant.allCases {
            var dice = Dice(seed: seed)
            guard let spoilt = plant.into(history, &dice) else {
                print("  planted \(plant.rawValue): no place for it in this history")
                continue
            }
            let rules = Set(HistoryCheck(spoilt).violations().filter { !old.contains($0) }.map(\.rule))
            isGood = isGood && rules == [plant.rule]
            print("  planted \(plant.rawValue): \(rules == [plant.rule] ? "found" : "NOT FOUND as it should be") by \(rules.map(\.rawValue).sorted())")
        }
        return isGood
    }
}

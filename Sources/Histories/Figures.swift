/// What a history has seen, so that nobody takes an empty one for a proof.
package struct Figures: Sendable, CustomStringConvertible {
    package var acts = 0, acknowledged = 0, here = 0, heard = 0, screens = 0, owners = 0, faults = 0
    package var doubles = 0

    package init(_ history: History) {
        var names: Set<String> = []
        for moment in history.moments {
            switch moment.what {
            case .asked: acts += 1
            case .acknowledged(_, _, let isLocal):
                acknowledged += 1
                here += isLocal ? 1 : 0
            case .heard(let attempt):
                heard += 1
                doubles += names.insert(attempt.delivery).inserted ? 0 : 1
            case .screen: screens += 1
            case .owned: owners += 1
            case .fault: faults += 1
            case .refused, .answered, .healed, .recorded, .settled: break
            }
        }
    }

    package var description: String {
        "\(acts) acts, \(acknowledged) acknowledged (\(here) on one hub's machine only), \(heard) attempts heard (\(doubles) again under a known name), "
            + "\(screens) screens, \(owners) owners, \(faults) faults"
    }
}

import AlertModel
import ChannelKit

extension Settings {
    /// `crowding:` of a town: `publish` or `off`. Only a far end with a `shelter` has one to speak for.
    func crowdingRules() throws(SettingsError) -> Set<TownID> {
        var made: Set<TownID> = []
        for town in towns {
            guard let id = TownID(town.code), let rule = town.crowding else { continue }
            switch rule {
            case "publish": made.insert(id)
            case "off": continue
            default: throw SettingsError("town \(id): crowding: 「\(rule)」は publish（避難所の混み具合をすぐ公表する）か off です (crowding: publish or off)")
            }
        }
        return made
    }
}

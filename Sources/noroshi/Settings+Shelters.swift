import AlertModel
import ChannelKit

extension Settings.ShelterSettings {
    /// `fit: [洪水, 地震]`, `unfit: [津波]`: a hazard in two of them is a contradiction and is refused.
    func made(in town: TownID) throws(SettingsError) -> Shelter {
        var fitness: [Shelter.Hazard: Shelter.Fitness] = [:]
        for (words, answer) in [(fit, Shelter.Fitness.fit), (conditional, .conditional), (unfit, .unfit)] {
            for word in words ?? [] {
                guard let hazard = Shelter.Hazard(rawValue: word) else {
                    let known = Shelter.Hazard.allCases.map(\.rawValue).joined(separator: ", ")
                    throw SettingsError("town \(town): shelter \(id): 災害「\(word)」はありません。\(known) のどれかです (no such hazard)")
                }
                guard fitness.updateValue(answer, forKey: hazard) == nil else {
                    throw SettingsError("town \(town): shelter \(id): 災害「\(word)」が二度書かれています (said twice)")
                }
            }
        }
        return Shelter(
            id: id, name: name, romanName: roman_name, address: address,
            place: latitude.flatMap { latitude in longitude.map { Coordinate(latitude: latitude, longitude: $0) } },
            capacity: capacity, fitness: fitness.isEmpty ? nil : fitness, note: note, phone: phone, kana: kana, district: district)
    }
}

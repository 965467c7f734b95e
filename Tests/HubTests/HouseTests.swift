import AlertModel
import Testing

@testable import Hub

@Suite("One house under two ids")
struct HouseTests {
    private func house(_ id: String, _ name: String = "市民会館", at address: String?, in place: Coordinate? = nil, is fitness: Shelter.Fitness?) -> Shelter {
        Shelter(id: id, name: name, address: address, place: place, fitness: fitness.map { [.tsunami: $0] })
    }
    private let hill = Coordinate(latitude: 38.9081, longitude: 141.5699)

    @Test("A list's yes does not stand against the no that the settings say of the same house", arguments: [
        ("笹が陣4-2", "笹が陣4-2"), ("笹が陣4-2", "宮城県気仙沼市笹が陣４−２"), ("気仙沼市笹が陣4丁目2番", "笹が陣4-2-"), ("笹が陣4-2", nil), (nil, "笹が陣4-2"),
    ] as [(String?, String?)])
    func stricter(own: String?, listed: String?) {
        let all = ShelterRegister.merged([house("shimin", at: own, is: .unfit)], [house("042056-418d", at: listed, is: .fit)])
        #expect(all.map { $0.fitness?[.tsunami] } == [.unfit, .unfit])
    }

    @Test("The same place is the same house, whatever its address is written like; another street or another name is not")
    func places() {
        let near = Coordinate(latitude: 38.9085, longitude: 141.5702), far = Coordinate(latitude: 38.95, longitude: 141.6)
        func fitness(_ other: Shelter) -> Shelter.Fitness? {
            ShelterRegister.merged([house("a", at: "笹が陣4-2", in: hill, is: .unfit)], [other]).last?.fitness?[.tsunami]
        }
        #expect(fitness(house("b", at: "本町1", in: near, is: .fit)) == .unfit)
        #expect(fitness(house("b", at: "本町1", in: far, is: .fit)) == .fit)
        #expect(fitness(house("b", at: "本町1", in: nil, is: .fit)) == .fit)
        #expect(fitness(house("b", "市民会館分館", at: "笹が陣4-2", in: near, is: .fit)) == .fit)
    }

    @Test("Of two lists the more careful counts, and the settings' own word stands")
    func lists() {
        let both = ShelterRegister.merged([], [house("a", at: "本町1", is: .fit), house("b", at: "本町1", is: .conditional), house("c", at: "本町1", is: nil)])
        #expect(both.map { $0.fitness?[.tsunami] } == [.conditional, .conditional, .conditional])
        let own = ShelterRegister.merged([house("a", at: "本町1", is: .fit)], [house("b", at: "本町1", is: .unfit)])
        #expect(own.map { $0.fitness?[.tsunami] } == [.fit, .unfit])
    }
}

import AlertModel
import Devices
import Foundation
import Hub
import HTTPTypes
import Ledger
import Testing

@testable import HubAPI

@Suite("Codes of invitations")
struct EnrolmentTests {
    private static let town = TownID("042056")!

    @Test("However many wrong codes came before, a right one gets in, in every town", arguments: ["", "BCDF", "BCDFGHJK", "bcdf-ghjk", "12345678"])
    func wrongOnes(wrong: String) throws {
        let register = DeviceRegister(notebook: MemoryLedger())
        for _ in 0..<500 {
            #expect(throws: EnrolmentFailure.self) { try register.enrol(code: wrong, publicKey: nil, name: "") }
        }
        for town in [Self.town, TownID("011002")!] {
            let code = register.invite(to: "school", of: town, by: "desk").spelled
            #expect(try register.enrol(code: code, publicKey: nil, name: "").device.town == town)
            #expect(throws: EnrolmentFailure.self) { try register.enrol(code: code, publicKey: nil, name: "") }
        }
    }

    @Test("A device and an invitation that an older program kept without their town open as before, and have their town in their key from then on")
    func oldKeys() throws {
        let old = MemoryLedger()
        let before = DeviceRegister(notebook: old)
        let code = before.invite(to: "school", of: Self.town, by: "desk").spelled
        let made = try before.enrol(code: code, publicKey: nil, name: "")
        let invitation = before.invite(to: "school", of: Self.town, by: "desk")
        let notebook = MemoryLedger()
        for key in old.keys(prefix: "") { notebook.write(key.replacing("/042056/", with: "/"), old.read(key)) }
        #expect(notebook.keys(prefix: "") == ["device/\(made.device.id)", "invitation/\(invitation.code)"])
        let register = DeviceRegister(notebook: notebook)
        #expect(register.device(token: made.token)?.id == made.device.id)
        #expect(notebook.keys(prefix: "") == ["device/042056/\(made.device.id)", "invitation/042056/\(invitation.code)"])
        #expect(try register.enrol(code: invitation.spelled, publicKey: nil, name: "").device.town == Self.town)
        #expect(register.revoke(made.device.id, of: Self.town))
        #expect(DeviceRegister(notebook: notebook).revoked(token: made.token) == made.device.id)
        #expect(notebook.keys(prefix: "").count == 2)
    }

    @Test("Who guesses is told to wait after thirty tries in a minute; what cannot be a code is no guess")
    func guessing() throws {
        let register = DeviceRegister(notebook: MemoryLedger())
        func failure(_ code: String) -> EnrolmentFailure? {
            do throws(EnrolmentFailure) { _ = try register.enrol(code: code, publicKey: nil, name: "") } catch { return error }
            return nil
        }
        for _ in 0..<100 { #expect(failure("BCD") == .unknownCode) }
        #expect(register.wrongCodes == 0)
        for _ in 0..<30 { #expect(failure("BCDFGHJK") == .unknownCode) }
        #expect(failure("BCDFGHJK") == .tooManyTries)
        #expect(failure("BCD") == .unknownCode)
    }

    @Test("Wrong codes are counted for each address, and for each town whose code it was: who guesses elsewhere is told nothing of it")
    func perSource() throws {
        let register = DeviceRegister(notebook: MemoryLedger())
        func failure(_ code: String, from source: String, role: DeviceRole = .tablet) -> EnrolmentFailure? {
            do throws(EnrolmentFailure) { _ = try register.enrol(code: code, publicKey: nil, name: "", role: role, from: source) } catch { return error }
            return nil
        }
        for _ in 0..<30 { #expect(failure("BCDFGHJK", from: "192.0.2.1") == .unknownCode) }
        #expect(failure("BCDFGHJK", from: "192.0.2.1") == .tooManyTries)
        #expect(failure("BCDFGHJK", from: "192.0.2.2") == .unknownCode)
        // A tablet's code at an edge's door, of two towns.
        let (here, there) = (register.invite(to: "a", of: Self.town, by: "desk").code, register.invite(to: "b", of: TownID("011002")!, by: "desk").code)
        for _ in 0..<30 { #expect(failure(here, from: "192.0.2.3", role: .edge) != .tooManyTries) }
        #expect(failure(here, from: "192.0.2.3", role: .edge) == .tooManyTries)
        #expect(failure(there, from: "192.0.2.3", role: .edge) != .tooManyTries)
        #expect(register.wrongCodes == 62)
        #expect(failure(here, from: "192.0.2.1") == nil && failure(there, from: "192.0.2.3") == nil, "a right code gets in")
        // However many addresses: what is remembered is bounded.
        for number in 0..<5_000 { _ = failure("BCDFGHJK", from: "address \(number)") }
        #expect(register.wrongCodes <= 2_100)
    }

    @Test("By HTTP too: after a hundred nonsense codes the class enrols")
    func overHTTP() async throws {
        let house = try await House()
        for _ in 0..<100 {
            let answer = try await house.call("POST", "/v1/devices", #"{"code":"ZZZZ-ZZZZ","name":"x"}"#, token: nil)
            #expect([404, 429].contains(answer.status))
        }
        let code = house.hub.devices.invite(to: "school", of: Self.town, by: "desk").spelled
        let answer = try await house.call("POST", "/v1/devices", #"{"code":"\#(code)","name":"x"}"#, token: nil)
        #expect(answer.status == 201)
    }

    @Test("A disk that refuses is a “try again” at every door, and no code is spent by it")
    func disk() async throws {
        let house = try await House(ledger: SickLedger(.refuses))
        let code = house.hub.devices.invite(to: "school", of: Self.town, by: "desk").spelled
        for (method, path, body, token) in [
            ("POST", "/v1/devices", #"{"code":"\#(code)","name":"x"}"#, nil),
            ("POST", "/v1/devices/invitations", #"{"town":"042056","site":"school"}"#, House.token),
            ("POST", "/v1/reports/read", #"{"town":"042056","ids":[]}"#, House.token),
        ] as [(String, String, String, String?)] {
            let answer = try await house.call(method, path, body, token: token)
            #expect(answer.status == 503, "\(path): \(answer.status) \(answer.body)")
            #expect(answer.headers[.retryAfter] != nil, "\(path)")
        }
        #expect(house.hub.devices.devices(of: Self.town).isEmpty)
        #expect(try house.hub.devices.enrol(code: code, publicKey: nil, name: "").device.site == "school")
        let device = try #require(house.hub.devices.devices(of: Self.town).first)
        #expect(try await house.call("DELETE", "/v1/devices/\(device.id)").status == 503)
    }

    @Test("One tablet fills no list: after thirty reports at once it waits, others do not, and each tablet's newest are shown")
    func reports() async throws {
        let house = try await House()
        func tablet() throws -> String {
            try house.hub.devices.enrol(code: house.hub.devices.invite(to: "school", of: Self.town, by: "desk").code, publicKey: nil, name: "").token
        }
        let (loud, keeper) = (try tablet(), try tablet())
        var statuses: [Int] = []
        for index in 0..<40 {
            let answer = try await house.call("POST", "/v1/reports", #"{"id":"r\#(index)","people":1}"#, token: loud)
            statuses.append(answer.status)
            if answer.status == 429 { #expect(answer.headers[.retryAfter].flatMap { Int($0) } ?? 0 > 0) }
        }
        #expect(statuses.prefix(30).allSatisfy { $0 == 202 } && statuses.suffix(9).allSatisfy { $0 == 429 }, "\(statuses)")
        #expect(try await house.call("POST", "/v1/reports", #"{"id":"true","people":120}"#, token: keeper).status == 202)
    }
}

@Suite("What a device may hand in")
struct AllowanceTests {
    private let start = Date(timeIntervalSince1970: 1_775_001_600)

    @Test("So much at once, then at its pace, each for itself; asking in vain costs nothing")
    func pace() {
        var allowance = Allowance(atOnce: 3, perMinute: 6)
        #expect(allowance.take(3, of: "a", at: start) == nil)
        for _ in 0..<10 { #expect(allowance.take(1, of: "a", at: start) == 10) }
        #expect(allowance.take(3, of: "b", at: start) == nil)
        #expect(allowance.take(1, of: "a", at: start.addingTimeInterval(9)) != nil)
        #expect(allowance.take(1, of: "a", at: start.addingTimeInterval(10)) == nil)
        #expect(allowance.take(4, of: "c", at: start) != nil, "never, whoever waits")
    }

    @Test("A clock that steps back gives nothing and holds nobody up, and one that leaps gives no more than at first")
    func clock() {
        var allowance = Allowance(atOnce: 3, perMinute: 6)
        #expect(allowance.take(3, of: "a", at: start) == nil)
        #expect(allowance.take(1, of: "a", at: start.addingTimeInterval(-3600)) == 10)
        #expect(allowance.take(1, of: "a", at: start.addingTimeInterval(-3591)) != nil)
        #expect(allowance.take(1, of: "a", at: start.addingTimeInterval(-3590)) == nil, "it fills on from there")
        #expect(allowance.take(1, of: "a", at: start.addingTimeInterval(-86_400)) != nil)
        #expect(allowance.take(3, of: "a", at: start.addingTimeInterval(1e9)) == nil)
        #expect(allowance.take(1, of: "a", at: start.addingTimeInterval(1e9)) != nil)
    }
}

import Desk
import Foundation
import HTTPTypes
import Hub
import Serving
import Synchronization
import Testing
import Web

@testable import HubAPI

/// What a pact keeps apart: real and drill, one agreement and another, who was stopped and who works for a neighbour.
extension PactTests {
    @Test("What a helper orders where it waits for its time goes out when that is over; of a release that ended meanwhile the town's own people are told, and nothing goes out")
    func timed() async throws {
        let watch = Watch()
        let house = try await House(approval: .wait(.seconds(15)), hasNeighbour: true, clock: { watch.now })
        let staff = try await staff(house), pact = try await signed(house, staff)
        for who in ["ken", "sato"] { #expect(try await post(house, "/v1/pacts/\(pact)/release", key(), staff[who]).status == 200) }
        let sent = try await post(house, "/v1/alerts", order, staff["ito"])
        #expect(sent.status == 202 && !sent.body.contains("by_stopped"), "\(sent.body)")
        watch.passes(16)
        await house.hub.turnApprovals()
        #expect(try await house.inForce().contains("ito（石巻市）"))
        _ = try House.approval(in: try await post(house, "/v1/alerts", order.replacing(#""level":4"#, with: #""level":5"#), staff["ito"]))
        #expect(try await post(house, "/v1/pacts/\(pact)/end", "{}", staff["sato"]).status == 200)
        watch.passes(16)
        await house.hub.turnApprovals()
        #expect(try await !house.inForce().contains("緊急安全確保"))
        #expect(try await house.call("GET", "/v1/attention").body.contains("代行が終わったので"))
    }

    @Test("Who is stopped at home sends nothing in the other's name either")
    func stopped() async throws {
        let watch = Watch()
        let house = try await House(approval: .wait(.seconds(15)), hasNeighbour: true, clock: { watch.now })
        let staff = try await staff(house), pact = try await signed(house, staff)
        for who in ["ken", "sato"] { #expect(try await post(house, "/v1/pacts/\(pact)/release", key(), staff[who]).status == 200) }
        _ = try House.approval(in: try await post(house, "/v1/alerts", order, staff["ito"]))
        #expect(try await house.call("PATCH", "/v1/users/ito", #"{"disabled":true}"#, token: House.root).status == 200)
        watch.passes(16)
        await house.hub.turnApprovals()
        #expect(try await !house.inForce().contains("ito（石巻市）"))
        #expect(try await house.call("GET", "/v1/attention").body.contains("止められたので"))
    }

    @Test("Real keys and a drill's do not stand in each other's way, and who only practises ends no real release")
    func twoKinds() async throws {
        let house = try await House(approval: ApprovalPolicy.none, hasNeighbour: true)
        var staff = try await staff(house)
        let pact = try await signed(house, staff), path = "/v1/pacts/\(pact)"
        #expect(try await house.call("POST", "/v1/users", #"{"name":"kouhou","roles":["press"],"towns":["\#(helper)"],"password":"\#(House.password)"}"#, token: House.root).status == 201)
        staff["kouhou"] = try await house.signIn("kouhou")
        #expect(try await post(house, path + "/release", key(), staff["sato"]).status == 200)
        #expect(try await post(house, path + "/release", key("exercise"), staff["ken"]).status == 200)
        #expect(try await post(house, path + "/end", #"{"reason":"訓練を終えます"}"#, staff["kouhou"]).status == 200)
        let opened = try await post(house, path + "/release", key(), staff["ken"])
        #expect(opened.body.contains(#""state":"released""#), "the second real key opens: \(opened.body)")
        // Only practising, by whatever words.
        for body in ["{}", #"{"mode":"actual"}"#, #"{"mode":"exercise"}"#] { #expect([403, 409].contains(try await post(house, path + "/end", body, staff["kouhou"]).status), "\(body)") }
        #expect(try await post(house, path + "/end", #"{"mode":"live"}"#, staff["sato"]).status == 422)
        #expect(try await house.call("GET", path, token: House.root).body.contains(#""state":"released""#))
        func isSaid() async throws -> Bool { try await house.call("GET", "/v1/attention").body.contains("による代行（本番）が始まりました") }
        #expect(try await isSaid())
        // However often it is practised, what is really open stays.
        for _ in 0..<60 {
            #expect(try await post(house, path + "/release", key("exercise"), staff["ken"]).status == 200)
            #expect(try await post(house, path + "/end", #"{"mode":"exercise"}"#, staff["kouhou"]).status == 200)
        }
        #expect(try await isSaid(), "the end of a drill says nothing of what is real")
        #expect([200, 202].contains(try await post(house, "/v1/alerts", order, staff["ito"]).status))
        #expect(try await post(house, path + "/release", key("exercise"), staff["ken"]).status == 200)
        #expect(try await post(house, path + "/release", key("exercise"), staff["sato"]).status == 200)
        #expect(try await isSaid(), "nor does the beginning of one")
        #expect(try await post(house, path + "/end", #"{"mode":"actual"}"#, staff["ito"]).status == 200)
        #expect(try await !isSaid())
        #expect(try await post(house, "/v1/alerts", order, staff["ito"]).status == 403)
    }

    @Test("Of two agreements each lends its own acts, for its own districts")
    func twoPacts() async throws {
        let house = try await House(approval: ApprovalPolicy.none, hasNeighbour: true, districts: ["本町", "川端"])
        let staff = try await staff(house)
        for wish in [#"{"giver":"042056","helper":"042021","acts":["order"],"districts":["本町"]}"#, #"{"giver":"042056","helper":"042021","acts":["notice","read"]}"#] {
            let pact = try await signed(house, staff, wish)
            for who in ["ken", "sato"] { #expect(try await post(house, "/v1/pacts/\(pact)/release", key(), staff[who]).status == 200) }
        }
        let other = try await post(house, "/v1/alerts", order.replacing("市内全域", with: "川端"), staff["ito"])
        #expect(other.status == 403 && other.body.contains("取り決めにない地区です"), "\(other.body)")
        #expect([200, 202].contains(try await post(house, "/v1/alerts", order.replacing("市内全域", with: "本町"), staff["ito"]).status))
        let notice = #"{"town":"042056","kind":"notice","mode":"actual","title":"断水","body":"水が止まります。"}"#
        #expect([200, 202].contains(try await post(house, "/v1/alerts", notice, staff["ito"]).status))
        let pacts = try await house.call("GET", "/v1/pacts", token: House.root).body
        #expect(pacts.components(separatedBy: #""deeds":[{"#).count == 3, "each has its own deed: \(pacts)")
    }

    @Test("In a rehearsal nothing real of the town is read, and in whose hands its tablets are only by who was lent the register")
    func rehearsed() async throws {
        let house = try await House(approval: .two, hasNeighbour: true)
        let staff = try await staff(house)
        let code = try await house.call("POST", "/v1/devices/invitations", #"{"town":"042056","site":"school"}"#, token: House.root).body.firstMatch(of: /"code":"([^"]+)"/)?.1 ?? ""
        let device = String(try await house.call("POST", "/v1/devices", #"{"code":"\#(code)","name":"a"}"#, token: nil).body.firstMatch(of: /"device_id":"([^"]+)"/)?.1 ?? "")
        #expect(try await house.call("POST", "/v1/devices/\(device)/lend", #"{"to":"山田花子"}"#, token: House.root).status == 200)
        _ = try House.approval(in: try await post(house, "/v1/alerts", order, staff["sato"]))
        let pact = try await signed(house, staff)
        func read(_ path: String) async throws -> House.Heard { try await house.call("GET", path, token: nil, headers: staff["ito"] ?? [:]) }
        for who in ["ken", "sato"] { #expect(try await post(house, "/v1/pacts/\(pact)/release", key("exercise"), staff[who]).status == 200) }
        for path in ["/v1/deliveries?town=\(giver)&mode=actual", "/v1/deliveries/stream?town=\(giver)&mode=actual", "/v1/calls?town=\(giver)&mode=actual", "/v1/towns/\(giver)/here?mode=actual"] {
            #expect(try await read(path).status == 403, "\(path)")
        }
        for path in ["/v1/deliveries?town=\(giver)", "/v1/calls?town=\(giver)&mode=exercise", "/v1/towns/\(giver)/here?mode=exercise"] { #expect(try await read(path).status == 200, "\(path)") }
        #expect(try await read("/v1/approvals?town=\(giver)&all=true").body.contains(#""approvals":[]"#))
        #expect(try await !read("/v1/devices?town=\(giver)").body.contains("山田花子"))
        for who in ["ken", "sato"] { #expect(try await post(house, "/v1/pacts/\(pact)/release", key(), staff[who]).status == 200) }
        #expect(try await read("/v1/deliveries?town=\(giver)&mode=actual").status == 200)
        #expect(try await read("/v1/approvals?town=\(giver)&all=true").body.contains("避難指示"))
        for path in ["/v1/devices?town=\(giver)", "/v1/devices/\(device)"] {
            let answer = try await read(path)
            #expect(answer.status == 200 && !answer.body.contains("山田花子"), "\(path): \(answer.body)")
        }
    }
}

import Chance
import Testing

@testable import Web

@Suite("What JSON decoders do not tell")
struct JSONKeysTests {
    private func fault(_ text: String) -> JSONKeys.Fault? { fault(Array(text.utf8)) }
    private func fault(_ octets: [UInt8]) -> JSONKeys.Fault? {
        do throws(JSONKeys.Fault) {
            try JSONKeys.check(octets)
            return nil
        } catch {
            return error
        }
    }

    @Test("A key that stands twice in one object is found, however it is written", arguments: [
        (#"{"mode":"exercise","mode":"actual"}"#, "mode"), (#"{"mode":1,"mo\u0064e":2}"#, "mode"),
        (#"{"a":{"b":1,"c":[{"d":1},{"d":1,"d":2}]}}"#, "d"), (#"{"a":[],"b":{},"a":0}"#, "a"),
        (#"{"\uD83D\uDE00":1,"😀":2}"#, "😀"), (#"{"a\"b":1,"a\u0022b":2}"#, "a\"b"), (#"{"":1,"":2}"#, ""),
    ])
    func twice(text: String, key: String) {
        #expect(fault(text) == .twice(key))
    }

    @Test("The same word as a value, or in another object, is no second key", arguments: [
        #"{"a":"a","b":"a"}"#, #"{"a":{"a":{"a":1}}}"#, #"[{"a":1},{"a":2}]"#, #"{"a":["a","a",{"a":"a"}],"b":"{\"a\":1,\"a\":2}"}"#,
        #"{"A":1,"a":2}"#, "", "[", "}", "]", "\"", "\\", "{\"", #"{"a\"#, #"{"\u"#, #"{"a":1,,"b"}"#, "null", "{\"a\":1}}}}]]]{",
    ])
    func once(text: String) {
        #expect(fault(text) == nil)
    }

    @Test("Depth is bounded, and other encodings are refused")
    func bounds() {
        #expect(fault(String(repeating: "[", count: 512)) == nil)
        #expect(fault(String(repeating: "[", count: 100_000)) == .tooDeep)
        #expect(fault(String(repeating: #"{"a":"#, count: 100_000)) == .tooDeep)
        #expect(fault(Array("{}".utf16).flatMap { [UInt8($0 & 0xFF), 0] }) == .notUTF8)
        #expect(fault([0x7B, 0xFF, 0x7D]) == .notUTF8)
    }

    @Test("No octets end the program; this seed replays some that do")
    func odd() {
        var random = Dice(seed: 7)
        let letters: [UInt8] = Array(#"{}[]",:\u0aD8{ "#.utf8)
        for _ in 0..<20_000 {
            let octets = (0..<Int.random(in: 0...24, using: &random)).map { _ in letters.randomElement(using: &random) ?? 0 }
            _ = fault(octets)
        }
    }
}

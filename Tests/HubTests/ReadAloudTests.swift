import Testing

@testable import Hub

@Suite("What is read aloud")
struct ReadAloudTests {
    private static let title = "避難指示（警戒レベル4）洪水：危険な場所から全員避難"
    private static let body = """
        こちらはさくら市です。
        本町地区、川端地区に、洪水に関する警戒レベル4、避難指示を発令しました。
        桜川が増水し、氾濫するおそれが高まっています。

        危険な場所にいる方は、速やかに全員避難を開始してください。
        避難先：市民体育館、第一小学校
        （11月23日14時46分）
        """
    private func scripts(_ body: String = body, isDrill: Bool = false) -> [ReadAloud] {
        ReadAloud.scripts(title: Self.title, body: body, sender: "さくら市", isDrill: isDrill)
    }

    @Test("Each keeps to its time at 300 letters a minute, and is the longer the more time there is; none names a time that has passed")
    func lengths() {
        let made = scripts()
        #expect(made.map(\.seconds) == [10, 30, 60])
        for one in made {
            #expect(one.takes <= one.seconds && one.letters <= one.seconds * 5, "\(one)")
            #expect(!one.text.contains("14時46分") && !one.text.contains("（") && one.text.hasSuffix("。"), "\(one.text)")
            #expect(one.letters == one.text.count { !$0.isWhitespace })
        }
        #expect(made[0].letters < made[1].letters && made[1].letters < made[2].letters)
        #expect(made[0].text == "避難指示、警戒レベル4、洪水。危険な場所から全員避難。")
        #expect(made[1].text.hasPrefix("こちらは、さくら市です。\n避難指示") && made[1].text.hasSuffix("こちらは、さくら市でした。"))
        #expect(made[1].text.contains("速やかに全員避難を開始してください。"), "what to do before why: \(made[1].text)")
        #expect(made[2].text.contains("避難先：市民体育館、第一小学校。") && made[2].text.contains("くり返します。避難指示"), "\(made[2].text)")
    }

    @Test("No sentence is cut: of a long text what to do stays, and what does not fit is left out whole")
    func long() {
        let made = scripts((1...40).map { "\($0)番目の理由は、とても長い文で書かれています。" }.joined() + "\n高い所へ逃げてください。")
        for one in made {
            #expect(one.takes <= one.seconds, "\(one)")
            for line in one.text.split(separator: "\n") where line.contains("理由") { #expect(line.hasSuffix("書かれています。"), "\(line)") }
        }
        #expect(made.allSatisfy { $0.text.contains("高い所へ逃げてください。") })
    }

    @Test("A name that alone takes longer is read whole, and says how long it takes")
    func name() {
        let made = ReadAloud.scripts(title: String(repeating: "長い名前", count: 20), body: "", sender: "さくら市", isDrill: false)
        #expect(made[0].takes == 17 && made[0].letters == 81)
    }

    @Test("A drill says so first and last")
    func drill() {
        for one in scripts("【訓練】これは訓練です。\n" + Self.body, isDrill: true) {
            #expect(one.text.hasPrefix("訓練、訓練。") && !one.text.contains("【"), "\(one.text)")
            #expect(one.takes <= one.seconds || one.seconds == 10)
            if one.seconds > 10 { #expect(one.text.contains("これは訓練です。\u{3053}ちらは、さくら市でした。"), "\(one.text)") }
        }
    }
}

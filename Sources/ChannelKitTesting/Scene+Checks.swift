internal import AlertModel
internal import ChannelKit

extension Scene {
    func play(_ check: ConformanceCheck) async throws {
        switch check {
        case .manifest: checkManifest()
        case .settings: checkSettings()
        case .otherMode: await otherMode()
        case .delivers: await delivers()
        case .sameTwice: await sameTwice()
        case .twoDeliveries: await twoDeliveries()
        case .afterRestart: try await afterRestart()
        case .update: await update()
        case .cancel: await cancel()
        case .cancelUncertain: try await cancelUncertain()
        case .cancelUnheard: await cancelUnheard()
        case .stopsWhenCancelled: try await stopsWhenCancelled()
        case .deadline: try await givenUp(by: .silent)
        case .slow: try await givenUp(by: .slow)
        case .retryAfterSilence: try await retryAfterSilence()
        case .lying: try await lying()
        case .refusing: try await refusing()
        case .busy: try await busy()
        case .goneAndBack: try await goneAndBack()
        case .tooLong: await tooLong()
        case .saysDrill: await saysDrill()
        case .runEnds: await runEnds()
        case .holdsNoThread: try await holdsNoThread()
        }
    }

    // MARK: Before anything is sent

    private func checkManifest() {
        let manifest = A.manifest
        let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789-")
        expect(!manifest.name.isEmpty && manifest.name.allSatisfy(letters.contains),
               "its name is \(manifest.name.debugDescription): small letters, digits and - are a name")
        expect(!manifest.languages.isEmpty, "it speaks no language")
        expect(Set(manifest.languages).count == manifest.languages.count, "a language is named twice")
        expect(manifest.reservedForImmediate >= 0, "it keeps \(manifest.reservedForImmediate) places free")
        expect((1...manifest.concurrency).contains(manifest.endpointWindow),
               "one far end may take \(manifest.endpointWindow) of \(manifest.concurrency) places")
        expect(manifest.attemptLimit > .zero && manifest.attemptLimit <= .seconds(60),
               "an attempt may take \(manifest.attemptLimit); a minute is long for any far end")
        for limit in [manifest.titleLimit, manifest.bodyLimit] {
            if let limit { expect(limit > 0, "a limit is \(limit)") }
        }
    }

    private func checkSettings() {
        func refusal(_ settings: [String: String]) -> SettingsError? {
            do throws(SettingsError) {
                try A.check(Sample.farEnd(settings, as: M.self))
                return nil
            } catch {
                return error
            }
        }
        if let refusal = refusal(farEnd.settings) { found("the far end's own settings are refused: \(refusal)") }
        for forbidden in farEnd.forbiddenSettings {
            expect(refusal(forbidden) != nil, "in mode \(M.name.rawValue) these settings are accepted: \(forbidden)")
        }
    }

    /// A live gateway among a drill's settings and the other way round: what `check` refuses at start, `deliver` refuses
    /// too, as settings may change while the hub runs.
    private func otherMode() async {
        if farEnd.forbiddenSettings.isEmpty { skip = "the far end names no settings that are refused" }
        for forbidden in farEnd.forbiddenSettings {
            switch await deliver(message(), with: forbidden) {
            case .failure(.misconfigured), .failure(.rejected), nil: break
            case .success: found("delivered with \(forbidden)")
            case .failure(let failure): found("with \(forbidden) it says \(failure), and would be tried again")
            }
        }
        expect(await standing().isEmpty, "something stands over there that was sent with settings of the other mode")
    }

    private func tooLong() async {
        let manifest = A.manifest
        if manifest.titleLimit == nil && manifest.bodyLimit == nil { skip = "the manifest sets no limit" }
        for (limit, inTitle) in [(manifest.titleLimit, true), (manifest.bodyLimit, false)] {
            guard let limit else { continue }
            let long = String(repeating: "あ", count: limit + 1)
            let text = RenderedText(title: inTitle ? long : "題", body: inTitle ? "文" : long)
            let texts = Dictionary(uniqueKeysWithValues: manifest.languages.map { ($0, text) })
            let message = Sample.message(kind: suite.kind, priority: suite.priority, texts: texts, as: M.self)
            let problems = manifest.languages.flatMap { A.lint(text, $0, in: message.alert.content) }
            guard problems.isEmpty else { continue }
            guard case .failure(.rejected) = await deliver(message) else {
                found("a \(inTitle ? "title" : "body") of \(limit + 1) characters passes lint and is delivered")
                continue
            }
        }
    }

    // MARK: With a good far end

    private func delivers() async {
        expect(await farEnd.messagesHeld().isEmpty, "the far end holds messages before anything was sent")
        guard await say(message()) else { return }
        expect(!(await standing(with: "高台へ")).isEmpty, "there is a receipt, and the words are not over there")
    }

    private func sameTwice() async {
        guard await say(message()) else { return }
        let once = await farEnd.messagesHeld()
        guard await say(message(), attempt: 2) else { return }
        let twice = await farEnd.messagesHeld()
        expect(twice.count == once.count, "\(once.count) after the first attempt, \(twice.count) after the second")
    }

    private func twoDeliveries() async {
        guard await say(message(words: "高台へ")), await say(message(event: "sample-2", words: "川から離れて")) else { return }
        for words in ["高台へ", "川から離れて"] {
            expect(!(await standing(with: words)).isEmpty, "“\(words)” is not over there")
        }
    }

    private func afterRestart() async throws {
        guard await say(message(words: "高台へ")) else { return }
        let before = await farEnd.messagesHeld().count
        try restart()
        guard await say(message(words: "高台へ"), attempt: 2) else { return }
        let after = await farEnd.messagesHeld().count
        expect(after == before, "the same delivery, before and after: \(before) and then \(after) messages")
        await update()
    }

    private func update() async {
        guard await say(message(words: "高台へ")) else { return }
        let before = await standing().count
        guard await say(message(.update, revision: 2, words: "三階以上へ")) else { return }
        expect(!(await standing(with: "三階以上へ")).isEmpty, "the new words are not over there")
        switch A.manifest.afterSending {
        case .cannotBeChanged:
            expect(await standing().count > before, "an update should be one message more")
        case .canBeReplaced, .lastStateWins:
            expect(await standing().count == before, "an update should take the old message's place")
            expect((await standing(with: "高台へ")).isEmpty, "the old words still stand")
        }
    }

    private func cancel() async {
        guard await say(message(words: "高台へ")) else { return }
        let before = await standing().count
        guard await say(message(.cancel, revision: 2, words: "取り消します")) else { return }
        switch A.manifest.afterSending {
        case .cannotBeChanged:
            expect(await standing().count > before, "a cancel should be one message more")
        case .canBeReplaced, .lastStateWins:
            expect((await standing(with: "高台へ")).isEmpty, "the words that were cancelled still stand")
        }
    }

    private func cancelUnheard() async {
        guard A.manifest.afterSending != .cannotBeChanged else {
            skip = "all this channel can do is to send one message more"
            return
        }
        await say(message(.cancel, revision: 2, words: "取り消します"))
        expect(await standing().isEmpty, "something stands over there that was never said")
    }

    private func saysDrill() async {
        guard M.name == .exercise else {
            skip = "this is the adapter for real alerts"
            return
        }
        guard await say(message()) else { return }
        for held in await standing() {
            guard let text = held.text else { continue }
            expect(text.contains("訓練") || text.contains("[DRILL]"), "a drill stands over there as \(text.debugDescription)")
        }
    }
}

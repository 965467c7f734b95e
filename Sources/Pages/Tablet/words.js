// The page's own words. What an alert says comes from the hub, reviewed, in each language.

export const LANGUAGES = [["ja", "日本語"], ["ja-x-easy", "やさしい日本語"], ["en", "English"]];

const JA = {
  brand: "防災タブレット", cut: "通信が切れています", cutSince: (time) => `${time}から。いま見えている情報は古いかもしれません`,
  mute: "音が出ません", unmute: "音を出す", start: "開始", startText: "押すと、音が出るようになり、画面が消えなくなります。試しの音が鳴ります。",
  enrolTitle: "端末の登録", enrolText: "役場から受け取った8文字のコードを入れてください。", code: "コード",
  deviceName: "端末の名前（例: 体育館1号）", enrolButton: "登録する", enrolFailed: (why) => `登録できませんでした（${why}）`,
  revoked: "この端末の登録は取り消されました。保存していたものは消しました。使い続けるには、新しいコードで登録してください。",
  current: "いま出ている情報", quiet: "いま出ている情報はありません", shelters: "避難所",
  open: "開設中", full: "満員", closed: "閉鎖",
  reportTitle: "避難所のようすを役場に知らせる", people: "人数（ここにいる人）", needs: "困っていること",
  note: "くわしく（名前は書かないでください）", send: "送る", report: {
    saved: "この端末に保存しました。つながったら自動で送ります", unsaved: "この端末に保存できません。送り終わるまで、この画面を閉じないでください",
    kept: "この学校で預かりました。町にはまだ届いていません", received: "町に届きました", read: "町が読みました",
  },
  stale: "いま見えている情報は古いかもしれません", lastHeard: (time) => `（最後に受信: ${time}）`, unknown: "この端末は、ここでは登録されていません",
  unknownText: "見えている情報は古いかもしれません。送っていない報告は、この端末に残っています", enrolAgain: "登録し直す",
  otherTab: "ほかのタブで受信しています。このタブは音を出しません", refused: (why) => `受け付けられませんでした（${why}）`, empty: "人数か、困っていることを入れてください",
  touch: "確認しました", below: "▼ 続きがあります", more: (count) => `ほかに${count}件あります`, connected: "接続中", outbox: (count) => `未送信 ${count}件`,
  drill: "訓練", drillBar: "【訓練】これは訓練です", cancelledWord: "取り消し", updated: "更新されました", ended: "終わりました", past: "終わった情報", still: "いまも出ている情報",
  halted: (count) => `訓練${count}件は、本番の情報が出ているため表示していません`,
  mark: {
    new: "", raised: "危険度が上がりました", widened: "対象の地域が広がりました", corrected: "訂正", lowered: "危険度が下がりました", "part-lifted": "一部解除",
    lifted: "解除", "taken-back": "取り消し（続いている情報があります）", restored: "解除の取り消し（続いています）", "ran-out": "期限が来ました（解除は確認できていません）",
  },
  level: (level) => `警戒レベル${level}`, from: (sender) => `発表元: ${sender}`, issued: (time) => `${time} 発表`,
  until: (time) => `${time}まで有効`, intensity: (text) => `この地域の震度 ${text}`, forecast: (text) => `予想される震度 ${text}`, magnitude: (text) => `マグニチュード ${text}`,
  depth: (km) => km === 0 ? "深さ ごく浅い" : `深さ 約${km}km`, hypocentre: (name) => `震源 ${name}`, show: "大きく表示",
  need: { water: "水", food: "食べ物", blanket: "毛布・暖房", medical: "けが人・病人・薬", toilet: "トイレ", power: "電気・充電", baby: "赤ちゃん用品", help: "人手" },
  kind: {
    eew: "緊急地震速報", earthquake: "地震情報", tsunami: "津波", weather: "気象警報・注意報", landslide: "土砂災害", flood: "洪水",
    volcano: "火山", ashfall: "降灰", typhoon: "台風", tornado: "竜巻", "heavy-rain-record": "記録的な大雨", nankai: "巨大地震に関する情報", missile: "ミサイルなど",
    notice: "お知らせ", evacuation: "避難情報", shelter: "避難所", headquarters: "災害対策本部", other: "情報",
  },
};

const EASY = {
  ...JA,
  brand: "災害の お知らせ", cut: "つながって いません", cutSince: (time) => `${time}から。古い お知らせかもしれません`, mute: "音が 出ません", unmute: "音を 出す", start: "始める",
  startText: "押すと 音が 出ます。画面が 消えません。", enrolTitle: "タブレットを 使えるように する", enrolText: "役所から もらった 8文字を 入れて ください。",
  code: "8文字", deviceName: "タブレットの 名前", enrolButton: "登録（とうろく）する", enrolFailed: (why) => `できませんでした（${why}）`,
  revoked: "この タブレットは 使えなく なりました。役所に 聞いて ください。", current: "いまの お知らせ", quiet: "いま お知らせは ありません",
  shelters: "避難所（にげる ところ）", open: "入れます", full: "いっぱいです", closed: "しまって います", reportTitle: "役所に 知らせる",
  people: "ここに いる 人の 数", needs: "困って いること", note: "くわしく（名前は 書かないで ください）", send: "送る", report: {
    saved: "この タブレットに あります。つながったら 送ります", unsaved: "この タブレットに 入りません。送り終わるまで、この 画面を 閉じないで ください",
    kept: "この 学校が もって います。役所には まだ 届いて いません", received: "役所に 届きました", read: "役所の 人が 読みました",
  },
  stale: "古い お知らせかもしれません", lastHeard: (time) => `（最後に 届いた 時間: ${time}）`, unknown: "この タブレットは、ここでは 使えません",
  unknownText: "古い お知らせかもしれません。送って いない ものは、この タブレットに あります", enrolAgain: "もう一度 登録（とうろく）する",
  otherTab: "ほかの タブで 見て います。ここでは 音が 出ません", refused: (why) => `送れませんでした（${why}）`, empty: "人の 数か 困って いることを 入れて ください", touch: "わかりました", below: "▼ 下も 読んで ください",
  more: (count) => `ほかに ${count}つ あります`, connected: "つながって います", outbox: (count) => `まだ 送って いません: ${count}`, drill: "訓練（くんれん）",
  drillBar: "【訓練（くんれん）】これは 訓練です", cancelledWord: "取り消し（まちがいでした）", updated: "新しく なりました", ended: "終わりました",
  past: "終わった お知らせ", still: "いまも 続いて いる お知らせ", halted: (count) => `訓練（くんれん）の お知らせ ${count}つは、本当の お知らせが あるので 出して いません`,
  mark: {
    new: "", raised: "もっと 危なく なりました", widened: "場所が 広がりました", corrected: "なおしました", lowered: "危険が 下がりました", "part-lifted": "一部（いちぶ）だけ 終わりました",
    lifted: "終わりました", "taken-back": "取り消し（まだ 続いて いる ものが あります）", restored: "まだ 続いて います", "ran-out": "時間が 来ました（終わったかは わかりません）",
  },
  level: (level) => `警戒（けいかい）レベル${level}`, from: (sender) => `知らせた ところ: ${sender}`, issued: (time) => `${time}に 出ました`, until: (time) => `${time}まで`,
  intensity: (text) => `ここの 震度（ゆれの 強さ） ${text}`, forecast: (text) => `これから 来る 震度（ゆれの 強さ） ${text}`, hypocentre: (name) => `地震の 場所 ${name}`, show: "大きく 見る",
  need: { water: "水", food: "食べ物", blanket: "毛布・寒い", medical: "けが・病気・薬", toilet: "トイレ", power: "電気", baby: "赤ちゃんの もの", help: "手伝う 人" },
  kind: {
    ...JA.kind, eew: "地震（じしん）の お知らせ", earthquake: "地震（じしん）", tsunami: "津波（つなみ）", weather: "天気（てんき）", landslide: "山や がけの お知らせ",
    flood: "川の お知らせ", volcano: "火山（かざん）", ashfall: "火山の 灰（はい）", typhoon: "台風（たいふう）", tornado: "竜巻（たつまき）", "heavy-rain-record": "とても 強い 雨", nankai: "とても 大きい 地震の お知らせ", missile: "ミサイルなどの お知らせ", evacuation: "避難（ひなん）の お知らせ", shelter: "避難所（にげる ところ）", headquarters: "役所の 災害対策本部", other: "お知らせ",
  },
};

const EN = {
  brand: "Emergency tablet", cut: "Connection lost", cutSince: (time) => `since ${time}. What you see may be out of date`, mute: "No sound", unmute: "Switch on", start: "Start",
  startText: "Tap to switch the sound on and keep the screen awake. A test tone will play.", enrolTitle: "Register this tablet",
  enrolText: "Enter the 8-character code you were given by the town office.", code: "Code", deviceName: "Name of this tablet (e.g. Gym 1)",
  enrolButton: "Register", enrolFailed: (why) => `Could not register (${why})`,
  revoked: "This tablet is no longer registered. Everything stored on it was erased. Register again with a new code to go on.",
  current: "In force now", quiet: "No alerts are in force now", shelters: "Evacuation shelters", open: "Open", full: "Full", closed: "Closed",
  reportTitle: "Report from the shelter", people: "People here", needs: "What is needed", note: "Details (no names, please)", send: "Send", report: {
    saved: "Saved on this tablet. It will be sent when the connection is back", unsaved: "Not saved on this tablet: keep this page open until it has been sent",
    kept: "Kept at this school. The town does not have it yet", received: "The town has it", read: "The town has read it",
  },
  stale: "What you see may be out of date", lastHeard: (time) => ` (last heard ${time})`, unknown: "This tablet is not registered here",
  unknownText: "What you see may be out of date. Anything not sent stays on this tablet", enrolAgain: "Register again",
  otherTab: "Another tab has the connection. This one makes no sound", refused: (why) => `Not accepted (${why})`, empty: "Enter the number of people or a need",
  touch: "I have read this", below: "▼ More below", more: (count) => `${count} more`, connected: "Connected", outbox: (count) => `${count} not sent yet`, drill: "Drill",
  drillBar: "DRILL — this is only a drill", cancelledWord: "Cancelled", updated: "Updated", ended: "Ended", past: "Over", still: "Still in force",
  halted: (count) => `Drills not shown while a real alert is in force: ${count}`,
  mark: {
    new: "", raised: "More dangerous than before", widened: "More areas", corrected: "Corrected", lowered: "Less dangerous than before", "part-lifted": "Partly lifted",
    lifted: "Lifted", "taken-back": "Cancelled in part: some remains in force", restored: "Still in force: the lifting was a mistake", "ran-out": "Time limit reached (not confirmed as lifted)",
  }, level: (level) => `Alert Level ${level}`,
  from: (sender) => `From: ${sender}`, issued: (time) => `Issued ${time}`, until: (time) => `valid until ${time}`,
  intensity: (text) => `Intensity here: ${text}`, forecast: (text) => `Expected intensity here: ${text}`, magnitude: (text) => `Magnitude ${text}`, depth: (km) => km === 0 ? "very shallow" : `depth about ${km} km`,
  hypocentre: (name) => `Hypocentre: ${name}`, show: "Show large",
  need: { water: "Water", food: "Food", blanket: "Blankets, heating", medical: "Injured, sick, medicine", toilet: "Toilets", power: "Power, charging", baby: "Baby supplies", help: "Helpers" },
  kind: {
    eew: "Earthquake Early Warning", earthquake: "Earthquake", tsunami: "Tsunami", weather: "Weather warning or advisory", landslide: "Landslide", flood: "Flood",
    volcano: "Volcano", ashfall: "Ashfall", typhoon: "Typhoon", tornado: "Tornado", "heavy-rain-record": "Record rainfall", nankai: "Great earthquake information", missile: "Missile or attack",
    notice: "Notice", evacuation: "Evacuation", shelter: "Shelter", headquarters: "Disaster headquarters", other: "Information",
  },
};

export const wordsOf = (language) => ({ "ja-x-easy": EASY, en: EN })[language] ?? JA;

/** 震度 as written in Japan (5弱), or with the word as JMA writes it in English (5-lower). */
export function intensityText(value, language) {
  if (!value) return "";
  const [low, high] = language === "en" ? ["-lower", "-upper"] : ["弱", "強"];
  return value.replace("-", low).replace("+", high);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** The time of day in Japan, with the date before it where it is another day than `now`. */
export function clockText(milliseconds, now, language) {
  const local = (time) => new Date(time + 9 * 3600e3);
  const date = local(milliseconds), today = local(now);
  const clock = date.toISOString().slice(11, 16);
  if (date.toISOString().slice(0, 10) === today.toISOString().slice(0, 10)) return clock;
  const month = date.getUTCMonth() + 1, day = date.getUTCDate();
  return language === "en" ? `${clock}, ${day} ${MONTHS[month - 1]}` : `${month}月${day}日 ${clock}`;
}

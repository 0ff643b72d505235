package handlers

import (
	"time"

	"github.com/xunjia/xunjia"
)

// The audiences. Each has one adapter, which decides who may come and how an
// error is shown.
const (
	audiencePublic   = "public"   // no cookies, cacheable
	audiencePage     = "page"     // anybody; knows the user when there is one
	audienceMember   = "member"   // registered users; others are sent to register and come back
	audienceStaff    = "staff"    // the admin console
	audienceCallback = "callback" // machines, which sign what they send
	audienceOps      = "ops"      // health, and what only development shows
)

// routes is the table of contents.
//
// To add a page: a line here in the group of its audience, a handler
// func(*gin.Context) error in handlers/<stem>.go, and a struct and a template
// with the same stem (see package templates). In a handler
//   - visitOf(c) is who asks: session, user, request id;
//   - s.form(c) is what was typed (the body is parsed, its token checked);
//   - return s.render(c, http.StatusOK, &templates.XPage{…}) shows a page and
//     fills its Layout; set Title, Tab, Back and Wide only;
//   - return an *xunjia.Error, straight from the store as a rule: the adapter
//     shows it. To show it beside the fields of a form instead:
//     formErrors(&form, err) and render again with http.StatusUnprocessableEntity;
//   - s.redirect(c, path) after a successful POST, s.flash(c, "已保存") before it
//     for a message on the next page; s.Outbox.Wake() after an event was written;
//   - s.uploads(c, form, "images", max) answers the pictures of the partial "uploader".
//
// Then run the tests with -update to renew testdata/routes.golden.
func (s *Site) routes(r *router) {
	light := class{body: 1 << 10, timeout: 5 * time.Second}
	normal := class{body: 256 << 10, timeout: 8 * time.Second, slots: make(chan struct{}, 128)}
	upload := class{body: 64 << 20, timeout: 60 * time.Second, slots: make(chan struct{}, 8)}
	forms := class{body: 64 << 20, timeout: 60 * time.Second, slots: make(chan struct{}, 32)}      // pictures come with them when there is no script
	exports := class{body: 1 << 10, timeout: 30 * time.Second, slots: make(chan struct{}, 2)}      // workbooks are made in memory
	push := class{body: 1 << 20, timeout: 4500 * time.Millisecond, slots: make(chan struct{}, 64)} // its own limits are tighter

	public := r.audience(audiencePublic, s.public, light)
	public.get("/assets/:name", s.asset)
	public.get("/media/:key/:variant", s.picture)
	public.get("/files/:key/download", s.downloadFile)
	public.get("/areas/:code", s.areas)
	public.get("/categories/search", s.searchCategories)
	public.get("/robots.txt", s.robots)
	public.get("/favicon.svg", s.favicon)
	public.get("/favicon.ico", s.favicon)
	public.get("/share.png", s.sharePicture)
	public.get("/wechat/jsconfig", s.jsConfig)
	public.get("/MP_verify_:code", s.verifyFile)

	page := r.audience(audiencePage, s.page, normal)
	page.get("/", s.home)
	page.get("/login", s.showLogin)
	page.post("/login", s.login)
	page.get("/login/password", s.showPasswordLogin)
	page.post("/login/password", s.passwordLogin)
	page.get("/login/forgot", s.showForgot)
	page.post("/login/forgot", s.forgot)
	page.get("/login/scan", s.showScanLogin)
	page.get("/login/scan/:id", s.watchScan)
	page.get("/login/scan/:id/picture", s.scanPicture)
	page.get("/scan/:token", s.showConfirmScan)
	page.post("/scan/:token", s.confirmScan)
	page.get("/captcha/:id", s.captcha)
	page.get("/oauth/start", s.startOAuth)
	page.get("/oauth/return", s.finishOAuth)
	page.get("/register", s.showRegister)
	page.post("/register", s.register)
	page.get("/register/email", s.showRegisterEmail)
	page.post("/register/email", s.registerEmail)
	page.get("/register/profile", s.showRegisterProfile)
	page.post("/register/profile", s.registerProfile)
	page.get("/register/categories", s.showRegisterCategories)
	page.post("/register/categories", s.registerCategories)
	page.post("/logout", s.logout)
	page.get("/purchases", s.purchases)
	page.get("/purchases/:id", s.purchase)
	page.get("/files/:key", s.file)

	member := r.audience(audienceMember, s.member, normal)
	member.get("/me", s.me)
	member.get("/me/security", s.security)
	member.post("/me/security/devices", s.endOtherDevices)
	member.get("/me/security/prove", s.showProve)
	member.post("/me/security/prove", s.prove)
	member.get("/me/security/password", s.showSetPassword)
	member.post("/me/security/password", s.setPassword)
	member.get("/me/security/email", s.showSetEmail)
	member.post("/me/security/email", s.setEmail)
	member.get("/me/security/phone", s.showSetPhone)
	member.post("/me/security/phone", s.setPhone)
	member.get("/me/merge", s.showMerge)
	member.post("/me/merge", s.startMerge)
	member.post("/me/merge/prove", s.proveMerge)
	member.post("/me/merge/drop", s.dropMerge)
	member.get("/me/merge/into/:id", s.showMergeInto)
	member.post("/me/merge/into/:id", s.mergeInto)
	member.get("/me/wechat", s.showWeChat)
	member.get("/me/wechat/scan", s.bindScan)
	member.get("/me/wechat/bind", s.startBind)
	member.get("/me/wechat/return", s.finishBind)
	member.post("/me/wechat/unbind", s.unbindWeChat)
	member.get("/me/profile", s.showProfile)
	member.post("/me/profile", s.saveProfile)
	member.get("/me/categories", s.showCategories)
	member.post("/me/categories", s.saveCategories)
	member.get("/inbox", s.inbox)
	member.get("/inbox/:id", s.openNotification)
	member.post("/inbox/read-all", s.readAll)
	member.with(upload).post("/media", s.upload)
	member.with(upload).post("/media/wechat", s.takeWeChatPicture)
	member.get("/purchases/new", s.showPublish)
	member.with(forms).post("/purchases/new", s.publish)
	member.get("/purchases/:id/compare", s.compare)
	member.get("/purchases/:id/end", s.showEndPurchase)
	member.post("/purchases/:id/end", s.endPurchase)
	member.get("/purchases/:id/close", s.showClosePurchase)
	member.post("/purchases/:id/close", s.closePurchase)
	member.get("/purchases/:id/extend", s.showExtend)
	member.post("/purchases/:id/extend", s.extend)
	member.get("/purchases/:id/reopen", s.showReopen)
	member.post("/purchases/:id/reopen", s.reopen)
	member.get("/lines/:id/close", s.showCloseLine)
	member.post("/lines/:id/close", s.closeLine)
	member.get("/purchases/:id/refuse", s.showRefuseQuotes)
	member.post("/purchases/:id/refuse", s.refuseQuotes)
	member.get("/purchases/:id/conclude", s.showConcludePurchase)
	member.post("/purchases/:id/conclude", s.concludePurchase)
	member.get("/lines/:id/conclude", s.showConcludeLine)
	member.post("/lines/:id/conclude", s.concludeLine)
	member.get("/lines/:id/quote", s.showQuoteForm)
	member.with(forms).post("/lines/:id/quote", s.submitQuote)
	member.get("/quotes/:id", s.quote)
	member.get("/quotes/:id/answer", s.showAnswerQuote)
	member.post("/quotes/:id/answer", s.answerQuote)
	member.post("/quotes/:id/undo", s.undoAnswer)
	member.get("/quotes/:id/counter", s.showCounterQuote)
	member.post("/quotes/:id/counter", s.counterQuote)
	member.post("/quotes/:id/counter/accept", s.acceptCounter)
	member.get("/quotes/:id/withdraw", s.showWithdrawQuote)
	member.post("/quotes/:id/withdraw", s.withdrawQuote)
	member.get("/me/growth", s.growth)
	member.get("/prices/:category", s.prices)
	member.with(exports).get("/me/export/:what", s.export)
	member.get("/me/deals", s.myDeals)
	member.get("/deals/:id", s.deal)
	member.get("/deals/:id/edit", s.showEditDeal)
	member.post("/deals/:id/edit", s.editDeal)
	member.post("/deals/:id/confirm", s.confirmDeal)
	member.get("/deals/:id/cancel", s.showCancelDeal)
	member.post("/deals/:id/cancel", s.cancelDeal)
	member.post("/deals/:id/keep", s.keepDeal)
	member.get("/deals/:id/complete", s.showCompleteDeal)
	member.post("/deals/:id/complete", s.completeDeal)
	member.with(forms).post("/deals/:id/photos", s.addDealPhotos)
	member.post("/deals/:id/rate", s.rateDeal)
	member.get("/deals/:id/dispute", s.showDispute)
	member.with(forms).post("/deals/:id/dispute", s.dispute)
	member.post("/deals/:id/dispute/withdraw", s.withdrawDispute)
	member.get("/me/purchases", s.myPurchases)
	member.get("/me/quotes", s.myQuotes)

	staff := r.audience(audienceStaff, s.staff, normal)
	staff.may(xunjia.ViewDashboard).get("/admin", s.dashboard)
	staff.may(xunjia.ResendDeliveries).post("/admin/deliveries/:id/resend", s.resendDelivery)
	staff.post("/admin/leave", s.leaveAdmin)
	staff.post("/admin/leave-everywhere", s.leaveEverywhere)
	staff.get("/admin/account", s.showAdminAccount)
	staff.post("/admin/account", s.saveAdminAccount)
	staff.post("/admin/account/password", s.savePassword)
	staff.may(xunjia.ManageStaff).get("/admin/staff", s.staffList)
	staff.may(xunjia.ManageStaff).get("/admin/staff/new", s.showNewStaff)
	staff.may(xunjia.ManageStaff).post("/admin/staff/new", s.createStaff)
	staff.may(xunjia.ManageStaff).get("/admin/staff/logins", s.staffLogins)
	staff.may(xunjia.ManageStaff).get("/admin/staff/:id", s.showStaff)
	staff.may(xunjia.ManageStaff).post("/admin/staff/:id", s.saveStaff)
	staff.may(xunjia.ManageStaff).post("/admin/staff/:id/reset", s.resetStaff)
	staff.may(xunjia.ViewAudit).get("/admin/audit", s.auditLog)
	staff.may(xunjia.SettleDisputes).get("/admin/disputes", s.adminDisputes)
	staff.may(xunjia.SettleDisputes).get("/admin/disputes/:id", s.adminDispute)
	staff.may(xunjia.SettleDisputes).post("/admin/disputes/:id", s.settleDispute)
	staff.may(xunjia.ManageSite).get("/admin/files", s.files)
	staff.may(xunjia.ManageSite).post("/admin/files", s.saveFile)
	staff.may(xunjia.ManageSite).post("/admin/files/:name/delete", s.deleteFile)
	replies := staff.may(xunjia.EditReplies)
	replies.get("/admin/replies", s.replies)
	replies.get("/admin/replies/new", s.showNewReply)
	replies.with(forms).post("/admin/replies/new", s.createReply)
	replies.get("/admin/replies/:id", s.showReply)
	replies.with(forms).post("/admin/replies/:id", s.saveReply)
	replies.post("/admin/replies/:id/enable", s.enableReply)
	replies.get("/admin/replies/:id/delete", s.showDeleteReply)
	replies.post("/admin/replies/:id/delete", s.deleteReply)
	staff.may(xunjia.ReadConversations).get("/admin/conversations", s.conversations)
	staff.may(xunjia.ReadConversations).get("/admin/conversations/:id", s.conversation)
	staff.may(xunjia.ReadConversations).get("/admin/conversations/:id/media/:message", s.fanPicture)
	staff.may(xunjia.AnswerFans).with(forms).post("/admin/conversations/:id", s.answerFan)
	staff.may(xunjia.ManageTemplates).get("/admin/templates", s.messageTemplates)
	staff.may(xunjia.ManageTemplates).get("/admin/templates/:title", s.messageTemplate)
	staff.may(xunjia.ManageTemplates).post("/admin/templates/:title", s.bindTemplate)
	staff.may(xunjia.ManageTemplates).post("/admin/templates/:title/test", s.testTemplate)
	staff.may(xunjia.ViewHealth).get("/admin/health", s.accountHealth)
	page.get("/admin/login", s.showAdminLogin)
	page.post("/admin/login", s.adminLogin)
	staff.may(xunjia.EditMenu).get("/admin/menu", s.showMenu)
	staff.may(xunjia.EditMenu).post("/admin/menu", s.saveMenu)
	staff.may(xunjia.EditMenu).get("/admin/menu/versions/:number", s.showMenuVersion)
	staff.may(xunjia.EditMenu).post("/admin/menu/versions/:number", s.publishMenu)
	staff.may(xunjia.EditMenu).get("/admin/menu/conditions", s.showConditions)
	staff.may(xunjia.EditMenu).post("/admin/menu/conditions", s.addCondition)
	staff.may(xunjia.EditMenu).get("/admin/menu/conditions/match", s.matchMenu)
	staff.may(xunjia.EditMenu).post("/admin/menu/conditions/:id/delete", s.removeCondition)
	staff.may(xunjia.ViewFans).get("/admin/fans", s.listFans)
	staff.may(xunjia.EditFans).post("/admin/fans/sync", s.startFanSync)
	staff.may(xunjia.EditFans).post("/admin/fans/tagged", s.tagChosen)
	staff.may(xunjia.ViewFans).get("/admin/fans/tags", s.showTags)
	staff.may(xunjia.EditFans).post("/admin/fans/tags", s.saveTag)
	staff.may(xunjia.ViewFans).get("/admin/fans/:id", s.showFan)
	staff.may(xunjia.EditFans).post("/admin/fans/:id", s.changeFan)
	staff.may(xunjia.EditQRCodes).get("/admin/qrcodes", s.listQRCodes)
	staff.may(xunjia.EditQRCodes).get("/admin/qrcodes/new", s.showNewQRCode)
	staff.may(xunjia.EditQRCodes).post("/admin/qrcodes/new", s.createQRCode)
	staff.may(xunjia.EditQRCodes).get("/admin/qrcodes/:id", s.showQRCode)
	staff.may(xunjia.EditQRCodes).post("/admin/qrcodes/:id", s.changeQRCode)
	staff.may(xunjia.EditQRCodes).get("/admin/qrcodes/:id/print", s.printQRCode)
	staff.may(xunjia.EditQRCodes).get("/admin/qrcodes/:id/picture", s.qrPicture)
	staff.may(xunjia.EditMedia).get("/admin/media", s.listMedia)
	staff.may(xunjia.EditMedia).get("/admin/media/:key", s.showMedia)
	staff.may(xunjia.EditMedia).with(upload).post("/admin/media/:key", s.saveFocus)
	page.get("/admin/enter", s.showAdminEnter)
	page.post("/admin/enter", s.adminEnter)

	if s.pushes != nil {
		callback := r.audience(audienceCallback, s.callback, push)
		callback.get("/wechat/callback", s.wechatPush)
		callback.post("/wechat/callback", s.wechatPush)
	}

	ops := r.audience(audienceOps, s.public, light)
	ops.get("/livez", s.livez)
	ops.get("/readyz", s.readyz)
	if s.Development {
		debug := r.audience(audienceOps, s.page, normal)
		debug.get("/debug/pages", s.debugPages)
		debug.get("/debug/pages/:name", s.debugPage)
	}
}

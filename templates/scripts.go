package templates

// Script names a second script that the page loads beside app.js; "" for none.
// A page that needs one has a method of its own, which hides this one.
func (*Layout) Script() string { return "" }

// businessScript serves forms of lines and pictures, dialogs and countdowns.
const businessScript = "purchase.js"

// Script implements the choice for pages about purchases and quotes.
func (*PublishPage) Script() string { return businessScript }

// Script is as for PublishPage.
func (*PurchasePage) Script() string { return businessScript }

// Script is as for PublishPage.
func (*ConfirmPage) Script() string { return businessScript }

// Script is as for PublishPage.
func (*QuoteNewPage) Script() string { return businessScript }

// Script is as for PublishPage.
func (*QuotePage) Script() string { return businessScript }

// Script is as for PublishPage.
func (*QuoteAnswerPage) Script() string { return businessScript }

// Script is as for PublishPage.
func (*ComparePage) Script() string { return businessScript }

// Pictures tells whether the page shows the partial "photos", which loads the
// viewer. A page that does has a method of its own, which hides this one.
func (*Layout) Pictures() bool { return false }

// Pictures implements the choice for pages about purchases and quotes.
func (*PurchasePage) Pictures() bool { return true }

// Pictures is as for PurchasePage.
func (*QuotePage) Pictures() bool { return true }

// Pictures is as for PurchasePage.
func (*QuoteNewPage) Pictures() bool { return true }

// Pictures is as for PurchasePage.
func (*ComparePage) Pictures() bool { return true }

// listScript loads the next part of a list when its end comes near.
const listScript = "list.js"

// Script implements the choice for lists.
func (*HomePage) Script() string { return listScript }

// Script is as for HomePage.
func (*PurchasesPage) Script() string { return listScript }

// Script is as for HomePage.
func (*MyPurchasesPage) Script() string { return listScript }

// Script is as for HomePage.
func (*MyQuotesPage) Script() string { return listScript }

// Script is as for PublishPage.
func (*CompanyLinkPage) Script() string { return businessScript }

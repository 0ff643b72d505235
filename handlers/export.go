package handlers

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/sheet"
	"github.com/xunjia/xunjia/store"
)

// exportRows is the most that one workbook holds; the newest come first.
const exportRows = 5000

// exportPage is how many rows are read at a time.
const exportPage = 100

// exportTable is a list that a member takes with him: its columns, and how a
// part of it becomes rows.
type exportTable struct {
	name    string
	columns []sheet.Column
	part    func(ctx context.Context, u xunjia.User, page xunjia.Page) (rows [][]any, next string, err error)
}

// export sends one of the member's own lists as an Excel workbook.
func (s *Site) export(c *gin.Context) error {
	t, ok := s.exports()[c.Param("what")]
	if !ok {
		return errNoPage()
	}
	w, err := sheet.New(t.name, t.columns)
	if err != nil {
		return err
	}
	n, after := 0, ""
	for n < exportRows {
		rows, next, err := t.part(c.Request.Context(), visitOf(c).user, xunjia.Page{After: after, Limit: exportPage})
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := w.Row(row...); err != nil {
				return err
			}
		}
		n += len(rows)
		if after = next; next == "" {
			break
		}
	}
	data, err := w.Bytes()
	if err != nil {
		return err
	}
	return s.workbook(c, c.Param("what"), data)
}

// workbook sends an Excel workbook as a file of the given name and day.
func (s *Site) workbook(c *gin.Context, name string, data []byte) error {
	name = fmt.Sprintf("%s-%d.xlsx", name, xunjia.Day(s.Clock()))
	c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
	c.Data(http.StatusOK, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", data)
	return nil
}

// exports are the lists by their name in the address.
func (s *Site) exports() map[string]exportTable {
	return map[string]exportTable{
		"purchases": {"我的采购", purchaseColumns(), s.exportPurchases(s.ownPurchases)},
		"company":   {"公司采购", purchaseColumns(), s.exportPurchases(s.companysPurchases)},
		"quotes": {"我的报价", []sheet.Column{{Title: "采购单号", Width: 18}, {Title: "品种", Width: 20}, {Title: "数量", Width: 12}, {Title: "采购商", Width: 24},
			{Title: "报价（元）", Width: 12}, {Title: "单位", Width: 6}, {Title: "价格类型", Width: 12}, {Title: "质量说明", Width: 30}, {Title: "报价说明", Width: 30},
			{Title: "答复", Width: 10}, {Title: "答复内容", Width: 24}, {Title: "报价时间", Width: 17}, {Title: "答复时间", Width: 17}}, s.exportQuotes},
		"bought":         {"采购成交", dealColumns("供应商"), s.exportDeals(store.DealsBought)},
		"company-bought": {"公司成交", dealColumns("供应商"), s.exportDeals(store.DealsCompany)},
		"sold":           {"卖出成交", dealColumns("采购商"), s.exportDeals(store.DealsSold)},
	}
}

func purchaseColumns() []sheet.Column {
	return []sheet.Column{{Title: "采购单号", Width: 18}, {Title: "状态", Width: 10}, {Title: "品种", Width: 14}, {Title: "规格", Width: 14},
		{Title: "数量", Width: 10}, {Title: "单位", Width: 6}, {Title: "质量要求", Width: 30}, {Title: "产地", Width: 14}, {Title: "最高限价（元）", Width: 14},
		{Title: "报价数", Width: 8}, {Title: "收货地区", Width: 24}, {Title: "发票", Width: 18}, {Title: "付款方式", Width: 22}, {Title: "发布时间", Width: 17},
		{Title: "截止时间", Width: 17}}
}

// purchasePart reads a part of a list of purchases.
type purchasePart func(ctx context.Context, u xunjia.User, page xunjia.Page) (xunjia.List[xunjia.Purchase], error)

func (s *Site) ownPurchases(ctx context.Context, u xunjia.User, page xunjia.Page) (xunjia.List[xunjia.Purchase], error) {
	return s.Store.PurchasesOf(ctx, u.ID, page)
}

func (s *Site) companysPurchases(ctx context.Context, u xunjia.User, page xunjia.Page) (xunjia.List[xunjia.Purchase], error) {
	return s.Store.PurchasesOfCompany(ctx, u.CompanyID, nil, page)
}

func (s *Site) exportPurchases(read purchasePart) func(context.Context, xunjia.User, xunjia.Page) ([][]any, string, error) {
	return func(ctx context.Context, u xunjia.User, page xunjia.Page) (rows [][]any, next string, err error) {
		list, err := read(ctx, u, page)
		for _, p := range list.Items {
			for _, l := range p.Lines {
				var limit any = ""
				if l.CapPrice > 0 {
					limit = l.CapPrice
				}
				rows = append(rows, []any{p.Number, p.StatusAt(s.Clock()).String(), l.Name, l.Spec, l.Quantity, string(l.Unit), l.Quality, l.Origin, limit,
					l.QuoteCount, p.Area.Name(), p.Invoice, p.Payment, p.PublishedAt, p.Deadline})
			}
		}
		return rows, list.Next, err
	}
}

func (s *Site) exportQuotes(ctx context.Context, u xunjia.User, page xunjia.Page) (rows [][]any, next string, err error) {
	list, err := s.Store.QuotesBy(ctx, u.ID, page)
	for _, v := range list.Items {
		q := v.Quote
		rows = append(rows, []any{v.Purchase.Number, v.Line.Title(), v.Line.Amount(), v.Buyer.Name, q.Price, string(q.Unit), q.Kind.String(),
			q.Quality, q.Explanation, q.State.String(), q.Message, q.UpdatedAt, q.AnsweredAt})
	}
	return rows, list.Next, err
}

func dealColumns(partner string) []sheet.Column {
	return []sheet.Column{{Title: "成交单号", Width: 20}, {Title: "状态", Width: 10}, {Title: "品种", Width: 20}, {Title: partner, Width: 24}, {Title: "单价（元）", Width: 12},
		{Title: "数量", Width: 10}, {Title: "单位", Width: 6}, {Title: "货款（元）", Width: 14}, {Title: "运费（元）", Width: 12}, {Title: "价格类型", Width: 12},
		{Title: "交货日期", Width: 17}, {Title: "付款日期", Width: 17}, {Title: "约定", Width: 30}, {Title: "成交时间", Width: 17}, {Title: "采购单号", Width: 18}}
}

func (s *Site) exportDeals(of store.DealsOf) func(context.Context, xunjia.User, xunjia.Page) ([][]any, string, error) {
	return func(ctx context.Context, u xunjia.User, page xunjia.Page) (rows [][]any, next string, err error) {
		list, err := s.Store.Deals(ctx, u, of, page)
		for _, v := range list.Items {
			d, partner := v.Deal, v.Supplier.Name
			if of == store.DealsSold {
				partner = v.Buyer.Name
			}
			rows = append(rows, []any{d.Number, d.State.String(), v.Line.Title(), partner, d.Price, d.Quantity, string(d.Unit), d.Total, d.Freight,
				d.Kind.String(), d.DeliveryAt, d.PaymentAt, d.Terms, d.ConcludedAt, v.Purchase.Number})
		}
		return rows, list.Next, err
	}
}

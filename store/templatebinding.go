package store

import (
	"context"

	sq "github.com/Masterminds/squirrel"

	"github.com/xunjia/xunjia"
)

// TemplateBindings answers staff's choices of template messages for an account:
// the id of the template by the title of ours. Titles without a choice are
// absent.
func (s *Store) TemplateBindings(ctx context.Context, appID string) (map[string]string, error) {
	rows, err := all(ctx, s.db, sq.Select("title", "template_id").From("template_binding").Where(sq.Eq{"app_id": appID}),
		func(row scanner) (b xunjia.TemplateBinding, err error) {
			return b, row.Scan(&b.Title, &b.TemplateID)
		})
	if err != nil {
		return nil, err
	}
	bound := make(map[string]string, len(rows))
	for _, b := range rows {
		bound[b.Title] = b.TemplateID
	}
	return bound, nil
}

// BindTemplate keeps staff's choice of a template for a title; an empty id
// takes the choice back. The error is NotFound for a title that no notice has.
func (s *Store) BindTemplate(ctx context.Context, by int64, appID string, b xunjia.TemplateBinding) error {
	if !xunjia.KnownTemplate(b.Title) {
		return xunjia.Errorf(xunjia.NotFound, "没有这种通知")
	}
	if len(b.TemplateID) > 64 {
		return xunjia.Errorf(xunjia.Invalid, "模板编号不正确")
	}
	return s.runTx(ctx, func(tx *tx) error {
		var err error
		detail := b.Title + "：按标题自动匹配"
		if b.TemplateID == "" {
			_, err = exec(ctx, tx, sq.Delete("template_binding").Where(sq.Eq{"app_id": appID, "title": b.Title}))
		} else {
			detail = b.Title + "：指定模板 " + b.TemplateID
			_, err = exec(ctx, tx, sq.Insert("template_binding").Columns("app_id", "title", "template_id").
				Values(appID, b.Title, b.TemplateID).Suffix(s.dialect.upsert([]string{"app_id", "title"}, "template_id")))
		}
		if err != nil {
			return err
		}
		return tx.audit(ctx, xunjia.Audit{Staff: by, Action: "template.bound", Target: "template:" + b.Title, Detail: detail})
	})
}

// TemplateTested writes down that staff sent a template message as a test.
func (s *Store) TemplateTested(ctx context.Context, by int64, title, detail string) error {
	return s.runTx(ctx, func(tx *tx) error {
		return tx.audit(ctx, xunjia.Audit{Staff: by, Action: "template.tested", Target: "template:" + title, Detail: detail})
	})
}

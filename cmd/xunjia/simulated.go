package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/xunjia/xunjia"
	"github.com/xunjia/xunjia/config"
	"github.com/xunjia/xunjia/sim"
)

// The simulated account. Its ids look like the platform's and belong to nobody.
const (
	simAppID      = "wx5107000000000001"
	simOriginalID = "gh_510700000001"
	simSign       = "询价通"
)

// startSimulator plays WeChat and the SMS gateway, and points the
// configuration at it as an operator would point it at the real ones. Nothing
// else in the program knows the difference.
func startSimulator(ctx context.Context, cfg *config.Config, master []byte, log *slog.Logger) (*sim.Server, error) {
	secrets := map[string]string{}
	for purpose, length := range map[string]int{"app": 32, "token": 24, "aes": 43, "sms": 30} {
		text, err := derive(master, "sim/"+purpose, length)
		if err != nil {
			return nil, err
		}
		secrets[purpose] = text
	}
	callback, err := smsCallbackToken(master)
	if err != nil {
		return nil, err
	}
	// The last character of an EncodingAESKey carries four bits only.
	aesKey := secrets["aes"][:42] + "A"

	server, err := sim.New(sim.Options{
		Addr: cfg.Sim.Listen,
		Dir:  filepath.Join(cfg.DataDir, "sim"),
		Log:  log.With("part", "sim"),
		Accounts: []sim.Account{{
			AppID: simAppID, Secret: secrets["app"], OriginalID: simOriginalID, Name: "询价通",
			Token: secrets["token"], AESKey: aesKey, Mode: sim.Safe,
			ServerURL: cfg.BaseURL + "/wechat/callback", WebURL: cfg.BaseURL,
			Templates: simTemplates(),
		}},
		Users: []sim.User{
			{ID: "buyer", Nickname: "康源堂采购", Phone: "13900000001"},
			{ID: "supplier", Nickname: "岷山药材", Phone: "13900000002"},
			{ID: "second", Nickname: "陇西药农", Phone: "13900000003"},
		},
		AccessKeyID: "sim", AccessKeySecret: secrets["sms"],
		SMSSigns:     []string{simSign},
		SMSTemplates: simSMSTemplates(cfg.BaseURL),
		SMSReportURL: smsReportURL(cfg.BaseURL, callback), SMSReplyURL: smsReplyURL(cfg.BaseURL, callback),
	})
	if err != nil {
		return nil, err
	}
	if err := server.Start(ctx); err != nil {
		return nil, err
	}
	if cfg.Simulated() {
		cfg.WeChat = config.WeChat{
			AppID: simAppID, Secret: config.Secret(secrets["app"]), Token: config.Secret(secrets["token"]),
			AESKey: config.Secret(aesKey), Mode: config.ModeSafe, OriginalID: simOriginalID,
			APIHost: server.URL(), OpenHost: server.URL(), MPHost: server.URL(),
		}
	}
	if cfg.SimulatedSMS() {
		cfg.SMS.Provider, cfg.SMS.Sign, cfg.SMS.Endpoint = "aliyun", simSign, server.URL()
		cfg.SMS.AccessKeyID, cfg.SMS.AccessKeySecret = "sim", config.Secret(secrets["sms"])
		cfg.SMS.Templates = simSMSCodes()
	}
	return server, nil
}

// simTemplates puts every template message that notices use into the
// simulated account, with a field of the fitting kind for each label.
func simTemplates() []sim.Template {
	kinds := map[string]string{
		"采购品种": "thing", "采购数量": "thing", "收货地区": "thing", "截止时间": "time", "采购商": "thing",
		"报价品种": "thing", "报价金额": "amount", "供应商": "thing", "报价时间": "time",
		"处理结果": "phrase", "回复内容": "thing", "处理时间": "time",
		"采购单号": "character_string", "报价数量": "number", "结束时间": "time",
		"变更内容": "thing", "变更时间": "time", "成交品种": "thing", "成交单价": "amount", "成交状态": "phrase", "成交说明": "thing",
		"更新时间": "time", "待办事项": "thing", "事项内容": "thing", "提醒时间": "time", "登录设备": "thing", "登录时间": "time", "登录提示": "thing",
	}
	var out []sim.Template
	for i, spec := range xunjia.TemplateSpecs() {
		var content strings.Builder
		for j, label := range spec.Labels {
			fmt.Fprintf(&content, "%s:{{%s%d.DATA}}\n", label, kinds[label], j+1)
		}
		out = append(out, sim.Template{ID: fmt.Sprintf("simTemplate%032d", i+1), Title: spec.Title, Content: content.String()})
	}
	return out
}

// simSMSCodes are the provider's codes of the kinds of short messages.
func simSMSCodes() config.Templates {
	return config.Templates{
		Code: "SMS_510700001", Purchase: "SMS_510700002", Quote: "SMS_510700003", Result: "SMS_510700004", Reminder: "SMS_510700005",
	}
}

// simSMSTemplates are the texts that a provider would have reviewed, with the
// site's address in those that lead to it.
func simSMSTemplates(site string) map[string]string {
	codes := smsTemplates(config.Config{SMS: config.SMS{Templates: simSMSCodes()}})
	texts := map[string]string{}
	for _, s := range xunjia.SMSSpecs() {
		texts[codes[s.Key]] = strings.ReplaceAll(s.Text, "${site}", site)
	}
	return texts
}

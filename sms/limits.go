package sms

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"time"
)

// dailyPerPhone is how many codes one phone may get a day; Aliyun refuses more.
const dailyPerPhone = 10

// limit is at most most codes in any window of that length. Windows slide.
type limit struct {
	key    int // index into the keys of count, from 1
	window time.Duration
	most   int64
	why    string // begins the message; the waiting time follows
}

// The keys of count.
const (
	keyPhone = iota + 1
	keyBrowser
	keyIP
	keyNet
	keyAll
	keyPhones
)

// limits are the send limits in the order in which they are tried. The numbers
// per phone are Aliyun's own (per signature: 1 a minute, 5 an hour, 10 a day).
func (c *Codes) limits() []limit {
	return []limit{
		{keyPhone, time.Minute, 1, "验证码刚刚发过"},
		{keyPhone, time.Hour, 5, "这个手机号获取验证码太频繁"},
		{keyPhone, 24 * time.Hour, dailyPerPhone, "这个手机号今天获取验证码的次数已用完"},
		{keyBrowser, time.Hour, 3, "您获取验证码太频繁"},
		{keyIP, time.Hour, 10, "当前网络获取验证码太频繁"},
		{keyNet, time.Hour, 30, "当前网络获取验证码太频繁"},
		{keyAll, time.Minute, c.o.GlobalPerMinute, "现在获取验证码的人太多"},
	}
}

// phonesPerIP is how many different phones one address may send to in a day.
const phonesPerIP = 20

// count counts the request against every limit at once, or against none and
// answers RateLimited.
func (c *Codes) count(ctx context.Context, r Request) error {
	phone := c.hash("phone", string(r.Phone))
	keys := []string{
		keyPhone - 1:   prefix + "sent:phone:" + phone,
		keyBrowser - 1: c.browserKey(r.Browser),
		keyIP - 1:      c.ipKey(r.IP),
		keyNet - 1:     prefix + "sent:net:" + network(r.IP),
		keyAll - 1:     prefix + "sent:all",
		keyPhones - 1:  prefix + "phones:" + r.IP.Unmap().String(),
	}
	limits := c.limits()
	args := []any{rand.Text(), phone, len(limits)}
	for _, l := range limits {
		args = append(args, l.key, l.window.Milliseconds(), l.most)
	}
	args = append(args, keyPhones, (24 * time.Hour).Milliseconds(), phonesPerIP)
	answer, err := issueScript.Run(ctx, c.o.Redis, keys, args...).Int64Slice()
	if err != nil {
		return unavailable(err)
	}
	if answer[0] == 0 {
		return nil
	}
	why := "当前网络用过的手机号太多"
	if n := int(answer[0]); n <= len(limits) {
		why = limits[n-1].why
	}
	wait := time.Duration(answer[1]) * time.Millisecond
	return limited(why+"，请 "+inWords(wait)+"后再试", wait)
}

func (c *Codes) browserKey(browser string) string {
	return prefix + "sent:browser:" + c.hash("browser", browser)
}

func (c *Codes) ipKey(ip netip.Addr) string { return prefix + "sent:ip:" + ip.Unmap().String() }

// network is the block an address belongs to: what one customer of a provider
// commands, /24 of IPv4 and /64 of IPv6.
func network(ip netip.Addr) string {
	ip = ip.Unmap()
	bits := 64
	if ip.Is4() {
		bits = 24
	}
	block, err := ip.Prefix(bits)
	if err != nil {
		return "unknown"
	}
	return block.String()
}

// inWords rounds a waiting time up to what people say.
func inWords(d time.Duration) string {
	up := func(unit time.Duration) int64 { return int64((d + unit - 1) / unit) }
	switch {
	case d <= 99*time.Second:
		return fmt.Sprintf("%d 秒", up(time.Second))
	case d <= 99*time.Minute:
		return fmt.Sprintf("%d 分钟", up(time.Minute))
	}
	return fmt.Sprintf("%d 小时", up(time.Hour))
}

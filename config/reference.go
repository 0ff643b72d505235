package config

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Setting is one key of the configuration, as the reference lists it.
type Setting struct {
	Key      string // in the YAML file: "sms.templates.code"
	Variable string // in the environment: "XUNJIA_SMS_TEMPLATES_CODE"
	Default  string // as written in the file, or a description in Chinese
	Meaning  string // in Chinese
	Secret   bool   // then Variable+"_FILE" works too

	field string // name of the Go field, as env reports it
}

// Settings lists every key in the order of the struct.
func Settings() []Setting {
	return settings(reflect.ValueOf(Default()), "", prefix)
}

func settings(v reflect.Value, key, variable string) []Setting {
	var all []Setting
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		name := key + field.Tag.Get("yaml")
		if field.Type.Kind() == reflect.Struct {
			all = append(all, settings(value, name+".", variable+field.Tag.Get("envPrefix"))...)
			continue
		}
		s := Setting{
			Key:      name,
			Variable: variable + field.Tag.Get("env"),
			Default:  field.Tag.Get("auto"),
			Meaning:  field.Tag.Get("doc"),
			Secret:   field.Type == reflect.TypeFor[Secret](),
			field:    field.Name,
		}
		if s.Default == "" && !value.IsZero() {
			s.Default = fmt.Sprint(value.Interface())
		}
		all = append(all, s)
	}
	return all
}

// Print writes the configuration as YAML with secrets hidden.
func (c Config) Print(w io.Writer) error {
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(c); err != nil {
		return fmt.Errorf("print configuration: %w", err)
	}
	return encoder.Close()
}

// Reference answers docs/config.md.
func Reference() []byte {
	var b bytes.Buffer
	b.WriteString(`<!-- 由 config 包生成，请勿手改；更新：go test ./config -run Reference -update -->
# 配置

不写任何配置就能在开发环境运行。需要时，用 YAML 文件设置，环境变量优先于文件，没写的用默认值。

- 文件里不认识的键、以 ` + "`XUNJIA_`" + ` 开头却不认识的环境变量，都会在启动时报错；所有问题一次列出。
- 空的环境变量等于没有设置。
- 标有“密”的项不会出现在日志和 ` + "`xunjia config print`" + ` 里；它们的环境变量可以加 ` + "`_FILE`" + ` 后缀，指向存放内容的文件（适合 Docker secrets 与 systemd credentials）。
- ` + "`xunjia config check`" + ` 检查配置，` + "`xunjia config print`" + ` 打印最终生效的配置。

| 键 | 环境变量 | 默认值 | 含义 |
|---|---|---|---|
`)
	for _, s := range Settings() {
		meaning, value := s.Meaning, s.Default
		if s.Secret {
			meaning = "（密）" + meaning
		}
		if value != "" {
			value = "`" + value + "`"
		}
		cells := []string{"`" + s.Key + "`", "`" + s.Variable + "`", value, meaning}
		for i, cell := range cells {
			cells[i] = strings.ReplaceAll(cell, "|", "\\|")
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	b.WriteString(productionRules)
	return b.Bytes()
}

const productionRules = `
## 生产环境（env: production）

启动时拒绝：

- 没有 ` + "`wechat.app_id`" + `（模拟器只用于开发），或接口地址不是 https；
- 没有 ` + "`redis.url`" + `（内置 Redis 的内容随进程消失，也不能给多个实例共用）；
- ` + "`secret`" + ` 为空、不足 32 个字节或过于简单；
- ` + "`base_url`" + ` 不是 https；
- 没有配置短信服务商；
- ` + "`seed: true`" + `。

用 SQLite 会提醒一次：它只适合一台机器上的一个实例。
`

package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/caarlos0/env/v11"
	"go.yaml.in/yaml/v3"
)

// prefix begins the name of every environment variable of ours.
const prefix = "XUNJIA_"

// FileVariable names the environment variable that a command may read for the
// path it passes to Load; Load itself does not look at it.
const FileVariable = prefix + "CONFIG"

// Problem is one thing wrong with the configuration.
type Problem struct {
	Key     string // as in the YAML file: "wechat.aes_key"; empty for the file as a whole
	Message string // Chinese, for the operator; never holds a value that may be secret
}

// Problems is the error of Load and Check: everything that is wrong.
type Problems []Problem

func (p Problems) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "配置有 %d 处问题：", len(p))
	for _, problem := range p {
		b.WriteString("\n  - ")
		if problem.Key != "" {
			b.WriteString(problem.Key + "：")
		}
		b.WriteString(problem.Message)
	}
	return b.String()
}

func (p *Problems) add(key, format string, args ...any) {
	*p = append(*p, Problem{Key: key, Message: fmt.Sprintf(format, args...)})
}

// err answers nil when nothing is wrong.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// Load reads defaults, then the YAML file at path (none when path is empty),
// then the XUNJIA_* entries of environ (as os.Environ gives them; an empty value
// counts as unset), works out dependent defaults and checks the result. The
// error is Problems and holds everything found; the Config is then what could
// be read, good for printing only.
func Load(path string, environ []string) (Config, error) {
	c := Default()
	var problems Problems
	if path != "" {
		readFile(&c, path, &problems)
	}
	readEnviron(&c, environ, &problems)
	c.complete()
	if err := c.Check(); err != nil {
		checked, _ := errors.AsType[Problems](err)
		problems = append(problems, checked...)
	}
	return c, problems.err()
}

// readFile lays the YAML file over c.
func readFile(c *Config, path string, problems *Problems) {
	data, err := os.ReadFile(path)
	if err != nil {
		problems.add("", "读不到配置文件 %s：%v", path, errors.Unwrap(err))
		return
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	err = decoder.Decode(c)
	if typed, ok := errors.AsType[*yaml.TypeError](err); ok {
		for _, e := range typed.Errors {
			problems.add("", "%s：%s", path, translate(e))
		}
		return
	}
	if err != nil && !errors.Is(err, io.EOF) {
		problems.add("", "%s 不是正确的 YAML：%v", path, err)
		return
	}
	if err == nil && !errors.Is(decoder.Decode(new(yaml.Node)), io.EOF) {
		problems.add("", "%s 里只能有一个 YAML 文档", path)
	}
}

// What yaml says of a file that does not fit the struct. The value in the
// second sentence is left out, because it may be a secret in the wrong place.
var (
	unknownKey = regexp.MustCompile(`^line (\d+): field (\S+) not found in type`)
	wrongType  = regexp.MustCompile(`(?s)^line (\d+): cannot unmarshal (!!\S+).* into (\S+)$`)
	twice      = regexp.MustCompile(`^line (\d+): mapping key "(.*)" already defined at line (\d+)$`)
)

func translate(e string) string {
	if m := unknownKey.FindStringSubmatch(e); m != nil {
		return fmt.Sprintf("第 %s 行的 %s 不是认识的配置项", m[1], m[2])
	}
	if m := wrongType.FindStringSubmatch(e); m != nil {
		return fmt.Sprintf("第 %s 行的值类型不对，这里不能写 %s", m[1], strings.TrimPrefix(m[2], "!!"))
	}
	if m := twice.FindStringSubmatch(e); m != nil {
		return fmt.Sprintf("第 %s 行的 %s 在第 %s 行已经写过", m[1], m[2], m[3])
	}
	return e
}

// readEnviron lays the variables over c. A variable of ours that means nothing
// is a problem too: a typing error would otherwise pass in silence.
func readEnviron(c *Config, environ []string, problems *Problems) {
	settings := Settings()
	values := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, prefix) || value == "" {
			continue
		}
		known := slices.ContainsFunc(settings, func(s Setting) bool {
			return name == s.Variable || s.Secret && name == s.Variable+fileSuffix
		})
		switch {
		case known:
			values[name] = value
		case name != FileVariable && !strings.HasPrefix(name, prefix+"TEST_"):
			problems.add("", "环境变量 %s 不是认识的配置项", name)
		}
	}
	readSecretFiles(settings, values, problems)
	err := env.ParseWithOptions(c, env.Options{Environment: values, Prefix: prefix})
	if err == nil {
		return
	}
	all, _ := errors.AsType[env.AggregateError](err)
	for _, e := range all.Errors {
		parse, ok := errors.AsType[env.ParseError](e)
		if !ok {
			problems.add("", "环境变量有误：%v", e)
			continue
		}
		for _, s := range settings {
			if s.field == parse.Name && values[s.Variable] != "" {
				problems.add(s.Key, "环境变量 %s 的值不能解读为 %s", s.Variable, kindName(parse.Type))
			}
		}
	}
}

// fileSuffix marks the variable that names a file holding a secret.
const fileSuffix = "_FILE"

// readSecretFiles replaces every X_FILE by X with the content of that file.
func readSecretFiles(settings []Setting, values map[string]string, problems *Problems) {
	for _, s := range settings {
		path := values[s.Variable+fileSuffix]
		if !s.Secret || path == "" {
			continue
		}
		if values[s.Variable] != "" {
			problems.add(s.Key, "%s 和 %s 只能设一个", s.Variable, s.Variable+fileSuffix)
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			problems.add(s.Key, "读不到 %s 指的文件 %s：%v", s.Variable+fileSuffix, path, errors.Unwrap(err))
			continue
		}
		value := strings.TrimRight(string(data), "\r\n")
		if value == "" {
			problems.add(s.Key, "%s 指的文件 %s 是空的", s.Variable+fileSuffix, path)
			continue
		}
		values[s.Variable] = value
	}
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Int, reflect.Int64:
		return "整数"
	case reflect.Bool:
		return "true 或 false"
	}
	return t.String()
}

package main

import (
	"fmt"
)

type configCommand struct {
	Check configCheckCommand `cmd:"" help:"检查配置，列出全部问题"`
	Print configPrintCommand `cmd:"" help:"打印生效的配置，密钥不显示"`
}

type configCheckCommand struct{}

func (configCheckCommand) Run(env environment) error {
	cfg, err := env.load()
	if err != nil {
		return err
	}
	for _, w := range cfg.Warnings() {
		fmt.Fprintln(env.stdout, "注意：", w)
	}
	_, err = fmt.Fprintln(env.stdout, "配置没有问题")
	return err
}

type configPrintCommand struct{}

func (configPrintCommand) Run(env environment) error {
	cfg, err := env.load()
	if err != nil {
		return err
	}
	return cfg.Print(env.stdout)
}

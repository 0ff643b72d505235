package xunjia

import "fmt"

// growthNotice tells somebody what he has reached. It stays in the inbox.
func growthNotice(kind EventKind, f Facts) Notice {
	n := Notice{Type: GrowthNotice, Lane: DirectLane, Path: "/me/growth"}
	switch kind {
	case UserRegistered:
		n.Type, n.Path = SystemNotice, "/"
		n.Title = "欢迎使用询价通"
		n.Text = "您已完成注册。关注的品种有新的采购需求时，我们会第一时间通知您。"
	case TaskDone:
		spec := Task(f.Event.Subject).Spec()
		n.Title = fmt.Sprintf("完成成长任务：%s", spec.Title)
		n.Text = fmt.Sprintf("%s，获得 %d 成长值。", spec.Text, spec.Points)
	case LevelReached:
		n.Title = fmt.Sprintf("恭喜升到 %s", Level(f.Event.Subject))
		n.Text = "成长等级会显示在您的公开主页上，继续完成任务可以升得更高。"
	}
	return n
}

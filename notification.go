package xunjia

import "time"

// NotificationType groups a user's inbox into tabs. The numbers are stored.
type NotificationType int

// The types and what Notification.Content holds for each.
const (
	SellingNotice    NotificationType = 1 // 卖货消息; content: quote id
	PurchasingNotice NotificationType = 2 // 采购消息; content: line id
	GrowthNotice     NotificationType = 3 // 成长任务
	SystemNotice     NotificationType = 4 // 系统通知
)

// NotificationTypes lists the tabs in their order.
func NotificationTypes() []NotificationType {
	return []NotificationType{SellingNotice, PurchasingNotice, GrowthNotice, SystemNotice}
}

// String is the tab's Chinese name.
func (t NotificationType) String() string {
	switch t {
	case SellingNotice:
		return "卖货消息"
	case PurchasingNotice:
		return "采购消息"
	case GrowthNotice:
		return "成长任务"
	case SystemNotice:
		return "系统通知"
	}
	return ""
}

// NotificationStatus is stored; the numbers come from the replaced system.
type NotificationStatus int

// A notification is unread until its receiver opens it.
const (
	Unread NotificationStatus = 0
	Read   NotificationStatus = 1
)

// Notification is a row in a user's inbox.
type Notification struct {
	ID        int64
	Type      NotificationType
	Status    NotificationStatus
	Sender    int64 // user id, 0 for the system
	Receiver  int64
	Title     string
	Content   string // see NotificationType
	Text      string // the sentence below the title
	Path      string // the page it leads to, from the site's root
	Purchase  int64  // id of the request that it is about; 0 for none
	CreatedAt time.Time
}

// Package xunjia holds the nouns of the business, their states and the rules
// that bind them: who may quote on what, until when, and what a buyer may
// answer. It imports the standard library only and knows neither SQL nor
// WeChat nor HTTP. Begin with Purchase, Quote and Event.
package xunjia

// Package entry makes a program of a function. The same main.go is an AWS Lambda
// where it is built for Linux, and a WASI guest where it is built for wasip1:
//
//	func init() { entry.For(clean.Function) }
//
//	func main() { entry.Main() }
package entry

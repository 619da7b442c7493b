// Package onnxpb is the messages of ONNX, IR version 14: onnx.proto is
// onnx/onnx-ml.proto of https://github.com/onnx/onnx (Apache-2.0), as its release
// 1.23.2 has it, and onnx.pb.go what protoc-gen-go makes of it:
//
//	protoc --go_out=. --go_opt=paths=source_relative --go_opt=Monnx.proto=github.com/runnel-dev/runnel/learn/exchange/onnx/onnxpb onnx.proto
package onnxpb
